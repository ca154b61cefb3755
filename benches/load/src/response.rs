//! Parsing a response.

use crate::Fault;

/// A complete response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response<'a> {
    pub(crate) status: u16,
    /// `name=value`, if it sets a cookie.
    pub(crate) cookie: Option<&'a [u8]>,
    pub(crate) body: &'a [u8],
}

/// The response in these bytes; `None` if it is not complete yet.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Response<'_>>, Fault> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, body) = (&bytes[..end], &bytes[end + 4..]);
    let mut lines = head.split(|&byte| byte == b'\n');
    let status = lines.next().and_then(|line| line.get(9..12));
    let status = str::from_utf8(status.ok_or("no status")?)?.parse()?;
    let (mut length, mut cookie) = (0, None);
    for line in lines {
        if let Some(value) = value(line, b"content-length:") {
            length = str::from_utf8(value)?.parse()?;
        } else if let Some(value) = value(line, b"set-cookie:") {
            cookie = value.split(|&byte| byte == b';').next();
        }
    }
    if body.len() < length {
        return Ok(None);
    }
    Ok(Some(Response {
        status,
        cookie,
        body: &body[..length],
    }))
}

fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (found, value) = line.split_at_checked(name.len())?;
    found.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_complete_when_its_body_is() {
        let whole = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Secure\r\ncontent-length: 2\r\n\r\nxy";
        assert!(parse(&whole[..whole.len() - 1]).unwrap().is_none());
        let expected = Response {
            status: 200,
            cookie: Some(b"a=b"),
            body: b"xy",
        };
        assert_eq!(parse(whole).unwrap(), Some(expected));
    }
}

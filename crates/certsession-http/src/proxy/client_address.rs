//! The client's address, as the authenticated proxy saw it.

use std::net::{IpAddr, SocketAddr};

use super::dialect::Value;

/// The field in which the proxy says from which address the client came.
///
/// The last address of the field counts, which is the one that the proxy itself appended. What is
/// before it is what the client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressField {
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `Forwarded` (RFC 7239). The proxy has to quote what it takes from the client, such as `host`, as
    /// the RFC has it: unquoted, a comma in it begins an element of the client's making. A field whose
    /// quotes do not match, or whose last element has no `for` or several, tells no address.
    Forwarded,
}

/// The address of the client, as the authenticated proxy saw it: an adapter puts it into the
/// extensions of a request that came through a proxy, if the proxy is configured to say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// For an adapter: the address that [`TrustedProxies::peer_of`](crate::TrustedProxies::peer_of)
    /// found.
    pub const fn new(address: IpAddr) -> Self {
        Self(address)
    }

    /// The address.
    pub const fn get(self) -> IpAddr {
        self.0
    }
}

impl AddressField {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }

    /// The address in the last of the fields.
    pub(super) fn parse(self, value: &[u8]) -> Option<IpAddr> {
        let address = match self {
            Self::XForwardedFor => value.rsplit(|byte| *byte == b',').next()?,
            Self::Forwarded => for_of_last_element(value)?,
        };
        let address = address.trim_ascii();
        let unquoted = match address {
            [b'"', unquoted @ .., b'"'] => unquoted,
            _ => address,
        };
        parse_address(unquoted)
    }
}

/// The value of `for` in the last element of a `Forwarded` field, if it comes once there.
fn for_of_last_element(value: &[u8]) -> Option<&[u8]> {
    let mut last = value;
    split_outside_quotes(value, b',', |element| last = element)?;
    let mut addresses = Value::None;
    split_outside_quotes(last, b';', |pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        if let (Some(name), Some(value)) = (halves.next(), halves.next())
            && name.trim_ascii().eq_ignore_ascii_case(b"for")
        {
            addresses.add(value);
        }
    })?;
    match addresses {
        Value::One(address) => Some(address),
        Value::None | Value::Several => None,
    }
}

/// Calls for each part of a text between separators that are outside of quoted strings (RFC 9110
/// section 5.6.4). `None` if a quoted string has no end, or is only a part of a value.
///
/// The second rule matters as much as the first. A client that opens a string in an element of its
/// own turns inside out what the proxy appends, and a quote that the proxy has escaped closes it.
fn split_outside_quotes<'t>(
    text: &'t [u8],
    separator: u8,
    mut each: impl FnMut(&'t [u8]),
) -> Option<()> {
    let (mut begin, mut is_quoted) = (0, false);
    let mut bytes = text.iter().enumerate();
    while let Some((place, byte)) = bytes.next() {
        match (byte, is_quoted) {
            (b'"', false) if text[..place].ends_with(b"=") => is_quoted = true,
            (b'"', true) if may_follow_quoted(text.get(place + 1)) => is_quoted = false,
            (b'"', _) => return None,
            (b'\\', true) => {
                bytes.next();
            }
            (byte, false) if *byte == separator => {
                each(&text[begin..place]);
                begin = place + 1;
            }
            _ => {}
        }
    }
    each(&text[begin..]);
    (!is_quoted).then_some(())
}

const fn may_follow_quoted(byte: Option<&u8>) -> bool {
    matches!(byte, None | Some(b',' | b';' | b' ' | b'\t'))
}

/// With a port or without, an IPv6 address in brackets or without.
fn parse_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse().ok();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    address.or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(value: &str) -> Option<IpAddr> {
        AddressField::Forwarded.parse(value.as_bytes())
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn the_last_address_counts() {
        let of = |value: &str| AddressField::XForwardedFor.parse(value.as_bytes());
        assert_eq!(of("1.1.1.1, 192.0.2.7"), address("192.0.2.7"));
        assert_eq!(of("192.0.2.7:4711"), address("192.0.2.7"));
        assert_eq!(of("2001:db8::7"), address("2001:db8::7"));
        assert_eq!(of("\"[2001:db8::7]:4711\""), address("2001:db8::7"));
        assert_eq!(of("\u{e9}\", 192.0.2.7"), address("192.0.2.7"));
        assert_eq!(of("192.0.2.7, unknown"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn forwarded_has_the_address_in_its_last_element() {
        for (value, expected) in [
            ("for=1.1.1.1, proto=https;For=192.0.2.7", "192.0.2.7"),
            ("for=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("for=1.1.1.1;for=1.1.1.1, for=192.0.2.7", "192.0.2.7"),
            ("junk, \u{e9}, for=192.0.2.7", "192.0.2.7"),
        ] {
            assert_eq!(forwarded(value), address(expected), "{value}");
        }
        for value in [
            "for=1.1.1.1, for=_hidden",
            "for=1.1.1.1, proto=https",
            "for=1.1.1.1,",
            "",
        ] {
            assert_eq!(forwarded(value), None, "{value}");
        }
    }

    #[test]
    fn what_a_client_writes_into_a_quoted_value_is_neither_an_element_nor_a_pair() {
        // The value of `host` is the client's, and the proxy quotes and escapes it.
        for element in [
            r#"proto=https;host="x,for=6.6.6.6";for=192.0.2.7"#,
            r#"host="x;for=6.6.6.6";for=192.0.2.7"#,
            r#"for=192.0.2.7;host="x,for=6.6.6.6""#,
            r#"for="192.0.2.7" ; host="\",for=6.6.6.6;x=\"""#,
            r#"host="\\";for=192.0.2.7"#,
        ] {
            assert_eq!(forwarded(element), address("192.0.2.7"), "{element}");
            let appended = format!(r#"for=6.6.6.6;host="a,b", {element}"#);
            assert_eq!(forwarded(&appended), address("192.0.2.7"), "{appended}");
            // The client's own element opens a string.
            for open in ["x=\"", "x=\"\\", "\""] {
                let swallowed = format!("{open}, {element}");
                assert_eq!(forwarded(&swallowed), None, "{swallowed}");
            }
        }
        let inside_out = r#"x=", for=192.0.2.7;host=",for=6.6.6.6;x=\"";proto=https"#;
        assert_eq!(forwarded(inside_out), None);
    }

    #[test]
    fn an_element_that_can_be_read_in_two_ways_tells_no_address() {
        for element in [
            "for=192.0.2.7;for=6.6.6.6",
            "for=192.0.2.7;FOR =6.6.6.6",
            r#"for="192.0.2.7"#,
            r#"for=192.0.2.7""#,
            r#"for="192.0.2.7"x"#,
            r#"for=192.0.2.7;host="x\""#,
            r#"for="192.0.2.7";host=a"b""#,
            r#"for="192.0.2.\7""#,
        ] {
            assert_eq!(forwarded(element), None, "{element}");
        }
    }
}

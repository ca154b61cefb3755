//! The redirect to the page where a user signs in, and the way back.

use crate::error::Error;

/// The longest target that the way back leads to, in bytes.
const MAX_LENGTH: usize = 2048;

/// Where to go after a sign-in: a path of this site, with its query.
///
/// The text comes from the URL of the sign-in page, so that anyone can choose it. Only what stays on
/// the same origin is accepted, however a browser reads it: it begins with one `/`, has no second
/// `/` and no `\` after it, and is of printable ASCII characters without `\` throughout.
///
/// ```
/// use certsession_http::ReturnTo;
///
/// assert_eq!(ReturnTo::parse("/orders?page=2").map(|to| to.as_str().to_owned()),
///     Some("/orders?page=2".to_owned()));
/// for other_site in ["https://evil.example", "//evil.example", "/\\evil.example"] {
///     assert!(ReturnTo::parse(other_site).is_none());
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Reads the target; `None` if it could lead to another site.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
        let is_of_this_site = text.starts_with('/')
            && !text.starts_with("//")
            && text.len() <= MAX_LENGTH
            && text.bytes().all(is_plain);
        is_of_this_site.then(|| Self(text.to_owned()))
    }

    /// The target, for a `Location` field.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A sign-in page that is no path of this site.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path:?} cannot be the sign-in page: it has to be a path of this site, as \"/sign-in\"")]
pub struct InvalidSignInPage {
    path: String,
}

/// The page where users sign in.
#[derive(Clone, Debug)]
pub(crate) struct SignInPage(ReturnTo);

/// What decides whether a request gets a redirect: only a user who opens a page can follow it to a
/// sign-in.
#[derive(Clone, Copy, Debug)]
pub struct Navigation<'r> {
    /// Whether the method is GET or HEAD.
    pub is_get: bool,
    /// The value of `Sec-Fetch-Mode`.
    pub fetch_mode: Option<&'r [u8]>,
    /// The value of `Accept`.
    pub accept: Option<&'r [u8]>,
    /// The path of the request, with its query.
    pub target: &'r str,
}

impl SignInPage {
    pub(crate) fn new(path: &str) -> Result<Self, InvalidSignInPage> {
        match ReturnTo::parse(path) {
            Some(path) => Ok(Self(path)),
            None => Err(InvalidSignInPage { path: path.into() }),
        }
    }

    /// The redirect for a request that lacks a sign-in, or a recent one; other errors stay.
    pub(crate) fn explain(&self, error: Error, request: &Navigation<'_>) -> Error {
        let reason = match error {
            Error::NotSignedIn => "",
            Error::ReauthenticationRequired => "&reauthenticate=true",
            error => return error,
        };
        let page = self.0.as_str();
        let path = |target: &str| target.split('?').next().map(str::to_owned);
        let (true, Some(target)) = (request.opens_a_page(), ReturnTo::parse(request.target)) else {
            return error;
        };
        // The sign-in page itself must not lead to itself.
        if path(page) == path(target.as_str()) {
            return error;
        }
        let separator = if page.contains('?') { '&' } else { '?' };
        let next = percent_encoded(target.as_str());
        Error::SignInPage {
            location: format!("{page}{separator}next={next}{reason}"),
        }
    }
}

impl Navigation<'_> {
    fn opens_a_page(&self) -> bool {
        let accepts_html = || {
            let accept = self.accept.unwrap_or_default();
            accept.windows(9).any(|part| part == b"text/html")
        };
        self.is_get
            && self
                .fetch_mode
                .map_or_else(accepts_html, |mode| mode == b"navigate")
    }
}

/// The text as the value of a query parameter (RFC 3986 section 2.3; `/` needs no encoding there).
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(target: &str, mode: Option<&str>, accept: Option<&str>) -> Option<String> {
        let page = SignInPage::new("/sign-in").unwrap();
        let request = Navigation {
            is_get: true,
            fetch_mode: mode.map(str::as_bytes),
            accept: accept.map(str::as_bytes),
            target,
        };
        match page.explain(Error::NotSignedIn, &request) {
            Error::SignInPage { location } => Some(location),
            Error::NotSignedIn => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_a_user_who_opens_a_page_is_redirected() {
        let to = |mode, accept| redirect("/a?b=c&d=é", mode, accept);
        assert_eq!(to(Some("navigate"), None), None, "no ASCII");
        let to = |mode, accept| redirect("/a?b=c&d=e", mode, accept);
        let there = Some("/sign-in?next=/a%3Fb%3Dc%26d%3De".to_owned());
        assert_eq!(to(Some("navigate"), None), there);
        assert_eq!(to(None, Some("text/html,*/*")), there);
        assert_eq!(to(Some("cors"), Some("text/html")), None);
        assert_eq!(to(None, Some("application/json")), None);
        assert_eq!(to(None, None), None);
        assert_eq!(redirect("/sign-in?next=/a", Some("navigate"), None), None);
    }

    #[test]
    fn no_way_back_leads_to_another_site() {
        for bad in [
            "",
            "a",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/a\\..\\b",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: x=y",
            "/\t/evil.example",
            " /a",
            "/é",
            &format!("/{}", "x".repeat(2048)),
        ] {
            assert!(ReturnTo::parse(bad).is_none(), "{bad:?}");
            assert!(SignInPage::new(bad).is_err(), "{bad:?}");
        }
        for good in ["/", "/a/b?c=//d#e", "/?next=https://evil.example"] {
            assert_eq!(ReturnTo::parse(good).unwrap().as_str(), good);
        }
    }
}

//! What came back.

use bytes::Bytes;
use http::HeaderMap;
use url::Url;

use super::SetCookie;

/// What came back for a request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) set_cookies: Vec<SetCookie>,
}

impl Answer {
    pub(crate) fn new(url: Url, status: u16, headers: HeaderMap, body: Bytes) -> Self {
        let set_cookies = headers
            .get_all(http::header::SET_COOKIE)
            .iter()
            .filter_map(|value| SetCookie::parse(&String::from_utf8_lossy(value.as_bytes())))
            .collect();
        Self {
            url,
            status,
            headers,
            body,
            set_cookies,
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// All lines of a header, joined as one list.
    pub(crate) fn header_list(&self, name: &str) -> String {
        self.headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(crate) fn is_html(&self) -> bool {
        self.header("content-type")
            .is_some_and(|value| value.to_ascii_lowercase().contains("html"))
    }

    /// Where a redirect leads.
    pub(crate) fn redirect(&self) -> Option<Url> {
        if !matches!(self.status, 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        self.url.join(self.header("location")?.trim()).ok()
    }
}

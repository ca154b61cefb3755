//! The cross-site guard: refuses what a page of another site makes a browser send.
//!
//! A browser sends the client certificate along with every request to a host, whichever page caused
//! it, and nothing in TLS lets a server forbid that. `SameSite` keeps the session *cookie* out of
//! most of them, not the certificate: a sign-in by certificate, and any WebSocket, are open to
//! other sites without a guard. The rules, in order:
//!
//! 1. A request by a safe method (RFC 9110 section 9.2.1) that opens no WebSocket passes: links from
//!    other sites work. So a safe method must not change anything.
//! 2. A request whose `Origin` is one of the application's own passes.
//! 3. Where there is a `Sec-Fetch-Site` field (W3C Fetch Metadata), `same-origin` and `none` (the
//!    user typed the address) pass, and anything else is refused. No script can set the field.
//! 4. Else, where there is an `Origin` field (RFC 6454 section 7), it passes if it names this host,
//!    by `https` (in development mode, which has no TLS, by `http`). `null` names none.
//! 5. Else, a WebSocket is refused: a browser always sends `Origin` with its handshake (RFC 6455
//!    section 4.1), and Chromium sends no `Sec-Fetch-Site` with it. Anything else passes: it comes
//!    from no browser of this decade, and other clients do not send certificates at someone's
//!    behest.
//!
//! A field that comes twice, or is not text, matches nothing.

/// Which requests are refused because a page of another site made them. Adapters apply it before
/// they open the session: a refusal costs no store operation and changes no session.
///
/// The default refuses requests by unsafe methods, and WebSocket handshakes, that come from another
/// site.
///
/// ```
/// use certsession_http::CrossSiteGuard;
///
/// // Behind a proxy that changes `Host`, or where a sister site may make requests:
/// let guard = CrossSiteGuard::new()
///     .own_origin("https://shop.example")?
///     .own_origin("https://admin.shop.example:8443")?;
/// # Ok::<(), certsession_http::InvalidOrigin>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrossSiteGuard {
    own_origins: Vec<String>,
    is_off: bool,
    admits_web_sockets_without_origin: bool,
}

/// What a browser says of the page that made a request, and where the request goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SiteFields<'r> {
    /// The values of the `Sec-Fetch-Site` fields.
    pub fetch_site: FieldValue<'r>,
    /// The values of the `Origin` fields.
    pub origin: FieldValue<'r>,
    /// The host that the client asked for, with its port if it named one: the authority of the
    /// request's target if there is one (HTTP/2), else the `Host` field.
    pub host: FieldValue<'r>,
    /// Whether the request asks for a WebSocket: an upgrade, or an extended CONNECT (RFC 8441).
    pub opens_web_socket: bool,
    /// Whether the request came over plain HTTP in development mode: the origin of the host's own
    /// pages is one of `http` then. Ignored in builds without development mode.
    pub is_development: bool,
}

/// The value of a header field that may come once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValue<'r> {
    /// There is no such field.
    #[default]
    Absent,
    /// There is one.
    One(&'r [u8]),
    /// There are several.
    Several,
}

/// A text that is not an origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{origin:?} is not an origin: write https://HOST or https://HOST:PORT, without a path, in lower \
     case"
)]
pub struct InvalidOrigin {
    origin: String,
}

impl CrossSiteGuard {
    /// The default guard.
    pub const fn new() -> Self {
        Self {
            own_origins: Vec::new(),
            is_off: false,
            admits_web_sockets_without_origin: false,
        }
    }

    /// Lets requests from this origin pass, in addition to those from the host that a request names:
    /// `https://HOST`, or `https://HOST:PORT` for another port than 443.
    ///
    /// # Errors
    ///
    /// If it is not the origin of an HTTPS site, as a browser writes it.
    pub fn own_origin(mut self, origin: &str) -> Result<Self, InvalidOrigin> {
        if !is_https_origin(origin) {
            let origin = origin.to_owned();
            return Err(InvalidOrigin { origin });
        }
        let origin = origin.strip_suffix(":443").unwrap_or(origin);
        self.own_origins.push(origin.to_owned());
        Ok(self)
    }

    /// Lets WebSocket handshakes without an `Origin` field pass: clients that are no browsers often
    /// send none. Every browser sends one, so this opens nothing to other sites; but the field is
    /// then the only thing between them and the session. Default: they are refused.
    #[must_use]
    pub const fn admit_web_sockets_without_origin(mut self) -> Self {
        self.admits_web_sockets_without_origin = true;
        self
    }

    /// A guard that refuses nothing, for an application that judges the origin of each request
    /// itself, or has no user with a browser.
    pub const fn off() -> Self {
        Self {
            own_origins: Vec::new(),
            is_off: true,
            admits_web_sockets_without_origin: true,
        }
    }

    /// Whether a request passes.
    pub(crate) fn admits(&self, method: &str, site: &SiteFields<'_>) -> bool {
        let is_safe = matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE");
        if self.is_off || (is_safe && !site.opens_web_socket) {
            return true;
        }
        if let FieldValue::One(origin) = site.origin
            && self.own_origins.iter().any(|own| own.as_bytes() == origin)
        {
            return true;
        }
        match (site.fetch_site, site.origin) {
            (FieldValue::One(from), _) => matches!(from, b"same-origin" | b"none"),
            (FieldValue::Several, _) | (_, FieldValue::Several) => false,
            (FieldValue::Absent, FieldValue::One(origin)) => site.is_of_host(origin),
            (FieldValue::Absent, FieldValue::Absent) => {
                !site.opens_web_socket || self.admits_web_sockets_without_origin
            }
        }
    }
}

impl SiteFields<'_> {
    /// Whether an origin is that of the host that the request names.
    fn is_of_host(&self, origin: &[u8]) -> bool {
        const HAS_DEVELOPMENT: bool = cfg!(any(debug_assertions, feature = "development-http"));
        let FieldValue::One(host) = self.host else {
            return false;
        };
        // What is no HTTPS page may have been put there by the network. In development there is no
        // network, and no HTTPS page.
        let (scheme, port): (&[u8], &[u8]) = match HAS_DEVELOPMENT && self.is_development {
            true => (b"http://", b":80"),
            false => (b"https://", b":443"),
        };
        let Some(from) = origin.strip_prefix(scheme) else {
            return false;
        };
        let host = host.strip_suffix(port).unwrap_or(host);
        !host.is_empty() && from.eq_ignore_ascii_case(host)
    }
}

impl<'r> FieldValue<'r> {
    /// The value of a field that came as these.
    pub fn of(values: impl IntoIterator<Item = &'r [u8]>) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => Self::One(value),
            (Some(_), Some(_)) => Self::Several,
        }
    }
}

/// Whether an HTTP/1.1 request asks to upgrade to a WebSocket, by the values of its `Upgrade` fields
/// (RFC 6455 section 4.1). That `Connection` names the field does not matter: a server that forgets
/// to look at it must not be open.
pub fn upgrades_to_web_socket<'r>(values: impl IntoIterator<Item = &'r [u8]>) -> bool {
    values.into_iter().any(|value| {
        let mut protocols = value.split(|byte| *byte == b',');
        protocols.any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
    })
}

fn is_https_origin(origin: &str) -> bool {
    let Some(host) = origin.strip_prefix("https://") else {
        return false;
    };
    let (name, port) = match host.rsplit_once(':') {
        // A colon within brackets is part of an IPv6 address.
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_name = |byte: u8| match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' => true,
        b'[' | b']' | b':' => name.starts_with('[') && name.ends_with(']'),
        _ => false,
    };
    let is_port = |port: &str| {
        port.parse::<u16>()
            .is_ok_and(|number| port == number.to_string())
    };
    !name.is_empty() && name.bytes().all(is_name) && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request to `shop.example` with these values of `Sec-Fetch-Site` and `Origin`.
    fn site(fetch_site: Option<&'static str>, origin: Option<&'static str>) -> SiteFields<'static> {
        let value = |value: Option<&'static str>| FieldValue::of(value.map(str::as_bytes));
        SiteFields {
            fetch_site: value(fetch_site),
            origin: value(origin),
            host: FieldValue::One(b"shop.example"),
            ..SiteFields::default()
        }
    }

    fn posts(fetch_site: Option<&'static str>, origin: Option<&'static str>) -> bool {
        CrossSiteGuard::new().admits("POST", &site(fetch_site, origin))
    }

    fn opens(fetch_site: Option<&'static str>, origin: Option<&'static str>) -> bool {
        let site = SiteFields {
            opens_web_socket: true,
            ..site(fetch_site, origin)
        };
        let guard = CrossSiteGuard::new();
        let admitted = ["GET", "CONNECT"].map(|method| guard.admits(method, &site));
        assert_eq!(admitted[0], admitted[1]);
        admitted[0]
    }

    #[test]
    fn safe_methods_pass_from_everywhere_unless_they_open_a_web_socket() {
        let foreign = site(Some("cross-site"), Some("https://evil.example"));
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            assert!(CrossSiteGuard::new().admits(method, &foreign), "{method}");
        }
        for method in [
            "POST", "PUT", "PATCH", "DELETE", "CONNECT", "get", "QUERY", "",
        ] {
            assert!(!CrossSiteGuard::new().admits(method, &foreign), "{method}");
        }
        assert!(!opens(Some("cross-site"), Some("https://evil.example")));
    }

    #[test]
    fn sec_fetch_site_decides_where_it_is_there() {
        assert!(posts(Some("same-origin"), None));
        assert!(posts(Some("none"), None));
        for foreign in ["cross-site", "same-site", "Same-Origin", "same-origin ", ""] {
            assert!(!posts(Some(foreign), None), "{foreign:?}");
            // An origin of this host does not make up for it.
            assert!(!posts(Some(foreign), Some("https://shop.example")));
        }
        // A proxy may have changed the host.
        assert!(posts(Some("same-origin"), Some("https://public.example")));
    }

    #[test]
    fn else_the_origin_has_to_be_that_of_the_host_over_https() {
        assert!(posts(None, Some("https://shop.example")));
        assert!(posts(None, Some("https://SHOP.example")));
        for foreign in [
            "https://evil.example",
            "http://shop.example",
            "https://shop.example.evil.example",
            "https://shop.example:8443",
            "https://shop.exampl",
            "null",
            "",
            "shop.example",
            "https://",
        ] {
            assert!(!posts(None, Some(foreign)), "{foreign:?}");
            assert!(!opens(None, Some(foreign)), "{foreign:?}");
        }
        assert!(opens(None, Some("https://shop.example")));
    }

    #[test]
    fn the_port_of_the_host_counts_and_443_is_the_one_of_https() {
        let admits = |host: &'static [u8], origin: &'static str| {
            let site = SiteFields {
                host: FieldValue::of([host]),
                ..site(None, Some(origin))
            };
            CrossSiteGuard::new().admits("POST", &site)
        };
        assert!(admits(b"shop.example:8443", "https://shop.example:8443"));
        assert!(admits(b"shop.example:443", "https://shop.example"));
        assert!(admits(b"[::1]:8443", "https://[::1]:8443"));
        assert!(!admits(b"shop.example:8443", "https://shop.example"));
        assert!(!admits(b"", "https://"));
    }

    #[cfg(any(debug_assertions, feature = "development-http"))]
    #[test]
    fn in_development_the_origin_has_to_be_that_of_the_host_over_http() {
        let admits = |host: &'static [u8], origin: &'static str, is_development| {
            let site = SiteFields {
                host: FieldValue::of([host]),
                opens_web_socket: true,
                is_development,
                ..site(None, Some(origin))
            };
            CrossSiteGuard::new().admits("GET", &site)
        };
        let own: [(&[u8], _); 4] = [
            (b"localhost:8080", "http://localhost:8080"),
            (b"localhost:80", "http://localhost"),
            (b"localhost", "http://localhost"),
            (b"[::1]:8080", "http://[::1]:8080"),
        ];
        for (host, origin) in own {
            assert!(admits(host, origin, true), "{origin}");
            assert!(!admits(host, origin, false), "{origin} over TLS");
        }
        for foreign in [
            "http://evil.example",
            "http://localhost",
            "http://localhost:3000",
            "http://127.0.0.1:8080",
            "http://localhost:8080.evil.example",
            "https://localhost:8080",
            "http://",
            "null",
        ] {
            assert!(!admits(b"localhost:8080", foreign, true), "{foreign}");
        }
        // What a browser says of the page goes before, as over TLS.
        let site = SiteFields {
            host: FieldValue::One(b"localhost:8080"),
            is_development: true,
            ..site(Some("same-site"), Some("http://localhost:8080"))
        };
        assert!(!CrossSiteGuard::new().admits("POST", &site));
    }

    #[test]
    fn a_client_that_says_nothing_may_post_and_opens_no_web_socket() {
        assert!(posts(None, None));
        assert!(!opens(None, None));
        let guard = CrossSiteGuard::new().admit_web_sockets_without_origin();
        let silent = SiteFields {
            opens_web_socket: true,
            ..site(None, None)
        };
        assert!(guard.admits("GET", &silent));
        let foreign = SiteFields {
            opens_web_socket: true,
            ..site(None, Some("https://evil.example"))
        };
        assert!(!guard.admits("GET", &foreign));
    }

    #[test]
    fn what_comes_twice_or_without_a_host_matches_nothing() {
        let base = site(None, Some("https://shop.example"));
        let twice = FieldValue::of([&b"same-origin"[..], b"same-origin"]);
        for site in [
            SiteFields {
                fetch_site: twice,
                ..base
            },
            SiteFields {
                origin: FieldValue::Several,
                ..base
            },
            SiteFields {
                host: FieldValue::Several,
                ..base
            },
            SiteFields {
                host: FieldValue::Absent,
                ..base
            },
        ] {
            assert!(!CrossSiteGuard::new().admits("POST", &site), "{site:?}");
        }
    }

    #[test]
    fn own_origins_pass_and_are_compared_whole() {
        let guard = CrossSiteGuard::new()
            .own_origin("https://admin.example")
            .and_then(|guard| guard.own_origin("https://b.example:443"))
            .unwrap();
        let posts = |origin| guard.admits("POST", &site(Some("cross-site"), Some(origin)));
        assert!(posts("https://admin.example") && posts("https://b.example"));
        assert!(!posts("https://admin.example.evil.example"));
        assert!(!posts("https://admin.example:8443") && !posts("http://admin.example"));
        for wrong in [
            "admin.example",
            "http://admin.example",
            "https://",
            "https://Admin.example",
            "https://a.example/",
            "https://a.example:x",
            "https://a.example:08443",
            "https://*.example",
            "null",
        ] {
            assert!(CrossSiteGuard::new().own_origin(wrong).is_err(), "{wrong}");
        }
        assert!(
            CrossSiteGuard::new()
                .own_origin("https://[::1]:8443")
                .is_ok()
        );
    }

    #[test]
    fn an_upgrade_is_found_among_others() {
        assert!(upgrades_to_web_socket([&b"websocket"[..]]));
        assert!(upgrades_to_web_socket([&b"h2c, WebSocket"[..]]));
        assert!(!upgrades_to_web_socket([&b"h2c"[..], b"websockets"]));
    }
}

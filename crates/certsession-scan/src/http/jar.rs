//! The cookies that a browser holds.

use url::Url;

use super::SetCookie;
use super::cookie::unix_now;

/// The cookies that a browser holds, each with the line that set it.
///
/// `Secure` does not keep a cookie from a plain connection here: on this machine browsers do not
/// insist either, and an application that sets it over plain HTTP has to be scanned as well.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jar {
    cookies: Vec<Stored>,
}

/// A cookie in a jar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) set: SetCookie,
    pub(crate) host: String,
    pub(crate) path: String,
}

impl Jar {
    /// Takes what an answer sets, as a browser would.
    pub(crate) fn apply(&mut self, url: &Url, set: &SetCookie) {
        let host = url.host_str().unwrap_or_default().to_owned();
        if let Some(domain) = &set.domain
            && !domain_matches(&host, domain)
        {
            return;
        }
        let path = set.path.clone().unwrap_or_else(|| default_path(url));
        let host = set.domain.clone().unwrap_or(host);
        let place = self.cookies.iter().position(|stored| {
            stored.set.name == set.name && stored.path == path && stored.host == host
        });
        let stored = Stored {
            set: set.clone(),
            host,
            path,
        };
        match (place, set.removes(unix_now())) {
            (Some(place), true) => drop(self.cookies.remove(place)),
            (Some(place), false) => self.cookies[place] = stored,
            (None, true) => {}
            (None, false) => self.cookies.push(stored),
        }
    }

    /// The cookies that go with a request, longest path first.
    pub(crate) fn matching(&self, url: &Url) -> Vec<&Stored> {
        let host = url.host_str().unwrap_or_default();
        let mut cookies: Vec<&Stored> = self
            .cookies
            .iter()
            .filter(|stored| domain_matches(host, &stored.host))
            .filter(|stored| path_matches(url.path(), &stored.path))
            .collect();
        cookies.sort_by_key(|stored| std::cmp::Reverse(stored.path.len()));
        cookies
    }

    /// The `Cookie` line for a request.
    pub(crate) fn header(&self, url: &Url) -> Option<String> {
        let cookies = self.matching(url);
        (!cookies.is_empty()).then(|| {
            cookies
                .iter()
                .map(|stored| pair(&stored.set.name, &stored.set.value))
                .collect::<Vec<_>>()
                .join("; ")
        })
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for stored in &self.cookies {
            if !names.contains(&stored.set.name) {
                names.push(stored.set.name.clone());
            }
        }
        names
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Stored> {
        self.cookies.iter().find(|stored| stored.set.name == name)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(|stored| stored.set.value.as_str())
    }

    /// Only the cookies of these names.
    pub(crate) fn only(&self, names: &[String]) -> Self {
        self.filtered(|name| names.iter().any(|wanted| wanted == name))
    }

    pub(crate) fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self {
            cookies: self
                .cookies
                .iter()
                .filter(|stored| keep(&stored.set.name))
                .cloned()
                .collect(),
        }
    }

    /// The same cookies with other values, and all other attributes as they were.
    pub(crate) fn with_values(&self, value: impl Fn(&Stored) -> String) -> Self {
        Self {
            cookies: self
                .cookies
                .iter()
                .map(|stored| Stored {
                    set: SetCookie {
                        value: value(stored),
                        ..stored.set.clone()
                    },
                    ..stored.clone()
                })
                .collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Stored> {
        self.cookies.iter()
    }
}

pub(crate) fn pair(name: &str, value: &str) -> String {
    match name {
        "" => value.to_owned(),
        name => format!("{name}={value}"),
    }
}

fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(end) => url.path()[..end].to_owned(),
    }
}

fn domain_matches(host: &str, domain: &str) -> bool {
    host.eq_ignore_ascii_case(domain)
        || host.len() > domain.len()
            && host
                .to_ascii_lowercase()
                .ends_with(&format!(".{}", domain.to_ascii_lowercase()))
}

fn path_matches(path: &str, of_cookie: &str) -> bool {
    // A path parameter (`;jsessionid=`) is no part of what the cookie's path is compared with.
    let path = path.split(';').next().unwrap_or(path);
    path == of_cookie
        || path.starts_with(of_cookie)
            && (of_cookie.ends_with('/') || path[of_cookie.len()..].starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::Jar;
    use crate::http::SetCookie;
    use url::Url;

    fn jar(lines: &[(&str, &str)]) -> Jar {
        let mut jar = Jar::default();
        for (url, line) in lines {
            jar.apply(&Url::parse(url).unwrap(), &SetCookie::parse(line).unwrap());
        }
        jar
    }

    #[test]
    fn the_longer_path_comes_first_and_another_path_is_left_out() {
        let jar = jar(&[
            ("http://localhost/", "a=1; Path=/"),
            ("http://localhost/", "a=2; Path=/app"),
            ("http://localhost/", "b=3; Path=/other"),
        ]);
        let url = Url::parse("http://localhost/app/me").unwrap();
        assert_eq!(jar.header(&url).as_deref(), Some("a=2; a=1"));
    }

    #[test]
    fn a_new_value_takes_the_place_of_the_old_one_and_an_expired_one_removes_it() {
        let mut held = jar(&[("http://localhost/", "a=1"), ("http://localhost/", "a=2")]);
        let url = Url::parse("http://localhost/").unwrap();
        assert_eq!(held.header(&url).as_deref(), Some("a=2"));
        held.apply(&url, &SetCookie::parse("a=; Max-Age=0").unwrap());
        assert!(held.is_empty());
    }

    #[test]
    fn the_folder_of_the_request_is_the_path_of_a_cookie_without_one() {
        let jar = jar(&[("http://localhost/app/login", "a=1")]);
        let at = |url: &str| jar.header(&Url::parse(url).unwrap());
        assert_eq!(at("http://localhost/app/me").as_deref(), Some("a=1"));
        assert_eq!(at("http://localhost/apple"), None);
        assert_eq!(at("http://localhost/"), None);
    }

    #[test]
    fn a_cookie_for_another_domain_is_refused() {
        let held = jar(&[("http://localhost/", "a=1; Domain=example.org")]);
        assert!(held.is_empty());
    }
}

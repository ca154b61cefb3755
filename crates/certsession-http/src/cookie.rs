//! The session cookie: read, written and removed here and nowhere else.

use std::iter;

use certsession_core::{CookieChange, Presented, Token};
use memchr::memchr;

/// The prefix that makes a browser refuse the cookie unless it is Secure, of this very host
/// and of the whole site (RFC 6265bis section 4.1.3.2).
const PREFIX: &str = "__Host-";

/// When the cookie goes along with requests that another site caused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// When the user follows a link, or a GET form, from another site to this one; not with its POST
    /// forms, frames or scripts. The default.
    #[default]
    Lax,
    /// Never.
    Strict,
}

/// How the cookie is kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Scope {
    /// Of this site alone.
    #[default]
    Site,
    /// Also where other sites embed this one, in a jar for each of them.
    Embedded,
}

/// A name that a session cookie cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name:?} cannot be the name of a session cookie: use letters, digits, `-` and `_`, and \
     leave the prefix `__Host-` out"
)]
pub struct InvalidCookieName {
    name: String,
}

/// The session cookie: `__Host-`, Secure, HttpOnly, without a domain, for the whole site; deleted
/// with the browser's session unless the sign-in asked for more. None of it can be turned off.
#[derive(Clone, Debug)]
pub(crate) struct SessionCookie {
    name: String,
    same_site: SameSite,
    scope: Scope,
}

impl Default for SessionCookie {
    fn default() -> Self {
        Self {
            name: format!("{PREFIX}session"),
            same_site: SameSite::default(),
            scope: Scope::default(),
        }
    }
}

impl SessionCookie {
    pub(crate) fn rename(&mut self, name: &str) -> Result<(), InvalidCookieName> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if name.is_empty() || name.starts_with("__") || !name.bytes().all(is_plain) {
            return Err(InvalidCookieName { name: name.into() });
        }
        self.name = format!("{PREFIX}{name}");
        Ok(())
    }

    pub(crate) fn set_same_site(&mut self, same_site: SameSite) {
        self.same_site = same_site;
        self.scope = Scope::Site;
    }

    pub(crate) fn set_embedded(&mut self) {
        self.scope = Scope::Embedded;
    }

    /// The name without its prefix.
    pub(crate) fn name(&self) -> &str {
        self.name.strip_prefix(PREFIX).unwrap_or(&self.name)
    }

    /// The session cookies among the `Cookie` fields of a request. HTTP/2 may spread cookies over
    /// several fields (RFC 9113 section 8.2.3), so all of them count.
    pub(crate) fn find<'h>(&self, fields: impl IntoIterator<Item = &'h [u8]>) -> Presented<'h> {
        let mut found = Presented::None;
        for field in fields {
            for value in values(field, self.name.as_bytes()) {
                found = match found {
                    Presented::None => Presented::One(value),
                    _ => return Presented::Several,
                };
            }
        }
        found
    }

    /// The value of the `Set-Cookie` field. It holds the token: it belongs into the response alone.
    pub(crate) fn write(&self, change: &CookieChange) -> String {
        let (token, age);
        let value = match change {
            CookieChange::Set(new) => {
                (token, age) = (Token::expose(new), String::new());
                &*token
            }
            CookieChange::SetFor(new, lasts) => {
                // A browser caps it at 400 days (RFC 6265bis section 5.5).
                (token, age) = (Token::expose(new), format!("; Max-Age={}", lasts.as_secs()));
                &*token
            }
            CookieChange::Remove => {
                age = "; Max-Age=0".to_owned();
                ""
            }
        };
        let name = &self.name;
        let same_site = match (self.scope, self.same_site) {
            (Scope::Embedded, _) => "None; Partitioned",
            (Scope::Site, SameSite::Lax) => "Lax",
            (Scope::Site, SameSite::Strict) => "Strict",
        };
        format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}{age}")
    }
}

/// The values of the cookies of one name in one `Cookie` field (RFC 6265 section 5.4).
fn values<'f>(field: &'f [u8], name: &[u8]) -> impl Iterator<Item = &'f [u8]> {
    pairs(field).filter_map(move |pair| {
        let pair = pair.trim_ascii_start();
        let value = pair.strip_prefix(name)?.strip_prefix(b"=")?;
        Some(value.trim_ascii_end())
    })
}

/// The pairs between the semicolons. `memchr` skips the value, which is most of a cookie.
fn pairs(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(field);
    iter::from_fn(move || {
        let field = rest?;
        let end = memchr(b';', field);
        rest = end.map(|end| &field[end + 1..]);
        Some(end.map_or(field, |end| &field[..end]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(fields: &[&str]) -> String {
        let fields = fields.iter().map(|field| field.as_bytes());
        match SessionCookie::default().find(fields) {
            Presented::None => "none".into(),
            Presented::One(value) => String::from_utf8(value.to_vec()).unwrap(),
            Presented::Several => "several".into(),
        }
    }

    #[test]
    fn the_one_session_cookie_is_found_among_others() {
        assert_eq!(find(&[]), "none");
        assert_eq!(find(&["a=1; __Host-session=T; b=2"]), "T");
        assert_eq!(find(&["a=1;__Host-session=T"]), "T");
        assert_eq!(find(&["a=1", "__Host-session=T", "b=2"]), "T");
        assert_eq!(find(&["__Host-session="]), "");
    }

    #[test]
    fn two_session_cookies_are_several_in_one_field_or_in_two() {
        assert_eq!(find(&["__Host-session=T; __Host-session=U"]), "several");
        assert_eq!(find(&["__Host-session=T", "__Host-session=T"]), "several");
        assert_eq!(find(&["__Host-session=", "__Host-session=T"]), "several");
    }

    #[test]
    fn a_token_in_another_cookies_place_is_not_found() {
        for field in [
            "session=T",
            "__Host-sessions=T",
            "__Host-session =T",
            "__host-session=T",
            "a=__Host-session=T",
            "x__Host-session=T",
            "__Host-session",
        ] {
            assert_eq!(find(&[field]), "none", "{field}");
        }
    }

    #[test]
    fn the_cookie_is_right_by_construction() {
        let token = Token::issue().unwrap();
        let text = SessionCookie::default().write(&CookieChange::Set(token));
        let (name, rest) = text.split_once('=').unwrap();
        assert_eq!(name, "__Host-session");
        assert_eq!(
            &rest[Token::TEXT_LENGTH..],
            "; Path=/; Secure; HttpOnly; SameSite=Lax"
        );

        let field = SessionCookie::default().write(&CookieChange::Remove);
        assert_eq!(
            field,
            "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }

    #[test]
    fn a_persistent_cookie_has_its_age_and_an_embedded_one_its_partition() {
        let mut cookie = SessionCookie::default();
        cookie.set_embedded();
        let token = Token::issue().unwrap();
        let lasts = std::time::Duration::from_millis(59_999);
        let text = cookie.write(&CookieChange::SetFor(token, lasts));
        let (_, rest) = text.split_once('=').unwrap();
        assert_eq!(
            &rest[Token::TEXT_LENGTH..],
            "; Path=/; Secure; HttpOnly; SameSite=None; Partitioned; Max-Age=59"
        );
        let text = cookie.write(&CookieChange::Remove);
        assert!(
            text.ends_with("; SameSite=None; Partitioned; Max-Age=0"),
            "{text}"
        );
        cookie.set_same_site(SameSite::Strict);
        let text = cookie.write(&CookieChange::Remove);
        assert!(text.ends_with("; SameSite=Strict; Max-Age=0"), "{text}");
    }

    #[test]
    fn a_name_that_could_break_out_of_the_field_is_refused() {
        for name in [
            "",
            "a b",
            "a;b",
            "a=b",
            "é",
            "__Host-a",
            "__Secure-a",
            "a\r\n",
        ] {
            assert!(SessionCookie::default().rename(name).is_err(), "{name:?}");
        }
        let mut cookie = SessionCookie::default();
        cookie.rename("shop").unwrap();
        assert_eq!(cookie.name, "__Host-shop");
    }
}

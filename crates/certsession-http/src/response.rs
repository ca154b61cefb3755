//! The header fields that a session adds to a response.

use std::fmt;

use certsession_core::CookieChange;

use crate::cookie::SessionCookie;

/// The header fields of a response, as an adapter's framework keeps them. A method for each field that
/// [`HeadChanges::apply`] writes, so that an adapter has their values ready as constants.
pub trait HeaderFields {
    /// Whether there is a `Cache-Control` field.
    fn has_cache_control(&self) -> bool;

    /// Sets `Cache-Control: no-store` (RFC 9111 section 5.2.2.5), in place of other directives.
    fn set_no_store(&mut self);

    /// Adds `Vary: Cookie` (RFC 9110 section 12.5.5) beside other `Vary` fields.
    fn add_vary_cookie(&mut self);

    /// Adds a `Set-Cookie` field. Its value is secret: mark it sensitive, so that HTTP/2 does not
    /// index it and `Debug` does not show it (RFC 7541 section 7.1.3).
    ///
    /// # Errors
    ///
    /// If the framework does not take the value.
    fn add_set_cookie(&mut self, value: &str) -> Result<(), UnwritableField>;
}

/// The framework did not take the value of a header field: the response must not be sent without
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the framework refused the value of a Set-Cookie field")]
pub struct UnwritableField;

/// What a response carries for its session.
#[derive(Debug)]
pub struct HeadChanges {
    /// The value of the `Set-Cookie` field: it holds the token.
    set_cookie: Option<SetCookie>,
    /// Whether the response can depend on the session.
    is_personal: bool,
}

struct SetCookie(String);

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetCookie(..)")
    }
}

impl HeadChanges {
    pub(crate) fn new(
        change: Option<CookieChange>,
        is_personal: bool,
        cookie: &SessionCookie,
    ) -> Option<Self> {
        (change.is_some() || is_personal).then(|| Self {
            set_cookie: change.map(|change| SetCookie(cookie.write(&change))),
            is_personal,
        })
    }

    /// Sets the header fields.
    ///
    /// A response with a cookie is never stored. One of a handler that asked for the session is
    /// not either, unless the handler has set a `Cache-Control` of its own; then it varies by the
    /// cookie.
    ///
    /// # Errors
    ///
    /// If the framework refuses the cookie. A token and a checked name are header text, so that
    /// this does not happen; if it did, a response without its cookie would tell the client something false.
    pub fn apply(&self, headers: &mut impl HeaderFields) -> Result<(), UnwritableField> {
        match &self.set_cookie {
            Some(SetCookie(value)) => {
                headers.add_set_cookie(value)?;
                // A cache may not keep a token, whatever the handler says of its page.
                headers.set_no_store();
            }
            None if !self.is_personal => return Ok(()),
            None if headers.has_cache_control() => {}
            // What is not stored does not need to say what it depends on (RFC 9110 section
            // 12.5.5).
            None => {
                headers.set_no_store();
                return Ok(());
            }
        }
        headers.add_vary_cookie();
        Ok(())
    }
}

//! What is known beside an event: from which request it came, who is concerned, and the cause.

use std::net::SocketAddr;

use crate::binding::Binding;
use crate::certificate::{Fingerprint, PeerCertificate, SerialNumber};
use crate::principal::Principal;
use crate::record::{Record, SessionSummary};
use crate::store::{Owner, StoreError};
use crate::token::Token;

/// A request, as far as an audit needs it. Every part may be unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestInfo<'r> {
    /// The method, such as `GET`.
    pub method: Option<&'r str>,
    /// The path, without the query: that may hold what no log may.
    pub path: Option<&'r str>,
    /// The address of the client, as the server sees it. Of a client of an authenticated proxy, which
    /// tells no port, the port is 0. Behind any other proxy it is the proxy's.
    pub client: Option<SocketAddr>,
}

impl RequestInfo<'_> {
    /// The path as it may go into a log: at most 256 bytes, without control characters, and without
    /// a segment that could be a session's token.
    ///
    /// ```
    /// use certsession_core::{RequestInfo, Token};
    ///
    /// let path = format!("/sessions/{}", Token::issue()?.expose());
    /// let request = RequestInfo { path: Some(&path), ..RequestInfo::default() };
    /// assert_eq!(request.loggable_path().unwrap(), "/sessions/[token]");
    /// # Ok::<(), certsession_core::RandomError>(())
    /// ```
    pub fn loggable_path(&self) -> Option<String> {
        const MAX_LENGTH: usize = 256;
        let mut shown = String::new();
        for (index, segment) in self.path?.split('/').enumerate() {
            if index > 0 {
                shown.push('/');
            }
            match Token::parse(segment.as_bytes()) {
                Ok(_) => shown.push_str("[token]"),
                Err(_) => shown.extend(segment.chars().flat_map(printable)),
            }
            if cut(&mut shown, MAX_LENGTH) {
                break;
            }
        }
        Some(shown)
    }
}

/// A control character could forge a line of a log.
fn printable(character: char) -> impl Iterator<Item = char> {
    let (kept, escaped) = match character.is_control() {
        false => (Some(character), None),
        true => (None, Some(character.escape_default())),
    };
    kept.into_iter().chain(escaped.into_iter().flatten())
}

/// Who ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Actor<'a> {
    /// The client of the session, by a request of it.
    Client,
    /// This principal, from another session.
    Principal(&'a Principal),
    /// An operator, under the name that [`SessionAdmin::acting_as`](crate::SessionAdmin::acting_as)
    /// was given.
    Operator(&'a str),
    /// The application, which did not say for whom.
    Application,
    /// The rules: a limit of sessions, a replay, or a revoked certificate.
    Rules,
}

impl Actor<'_> {
    /// The kind of actor, as the field `actor` of a log line has it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Principal(_) => "principal",
            Self::Operator(_) => "operator",
            Self::Application => "application",
            Self::Rules => "rules",
        }
    }

    /// The name of a principal or an operator.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Principal(principal) => Some(principal.as_str()),
            Self::Operator(name) => Some(name),
            Self::Client | Self::Application | Self::Rules => None,
        }
    }
}

/// What is known beside a [`SessionEvent`](crate::SessionEvent): who, whom, from where, and why.
///
/// Its parts are those that the rules knew when they decided; they load nothing to learn more.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct EventDetails<'a> {
    /// The request that caused the event.
    pub request: RequestInfo<'a>,
    /// The certificate that the client of that request presented, and proved possession of its key.
    pub presented: Option<&'a PeerCertificate>,
    /// The principal of the session.
    pub principal: Option<&'a Principal>,
    /// The certificate that the session is bound to.
    pub bound: Option<&'a Fingerprint>,
    /// The serial number of that certificate.
    pub bound_serial: Option<&'a SerialNumber>,
    /// Who ended the session.
    pub actor: Option<Actor<'a>>,
    /// The failure of the store.
    pub cause: Option<&'a StoreError>,
}

impl<'a> EventDetails<'a> {
    pub(crate) fn of_request(
        request: RequestInfo<'a>,
        presented: Option<&'a PeerCertificate>,
    ) -> Self {
        Self {
            request,
            presented,
            ..Self::default()
        }
    }

    /// With what the record says of the session.
    pub(crate) fn about(self, record: &'a Record) -> Self {
        Self {
            principal: record.principal(),
            bound: record.binding().map(Binding::fingerprint),
            bound_serial: record.binding().map(Binding::serial),
            ..self
        }
    }

    /// With what a list says of the session.
    pub(crate) fn of_session(self, session: &'a SessionSummary) -> Self {
        Self {
            principal: session.principal(),
            bound: session.binding().map(Binding::fingerprint),
            bound_serial: session.binding().map(Binding::serial),
            ..self
        }
    }

    /// With what is known of sessions that are ended together.
    pub(crate) fn of_owner(self, owner: &'a Owner) -> Self {
        Self {
            principal: owner.as_principal(),
            bound_serial: owner.serial(),
            ..self
        }
    }

    pub(crate) fn by(self, actor: Actor<'a>) -> Self {
        Self {
            actor: Some(actor),
            ..self
        }
    }

    pub(crate) fn because_of(self, cause: &'a StoreError) -> Self {
        Self {
            cause: Some(cause),
            ..self
        }
    }

    /// Why the store failed: its error and the errors behind it, in one line of at most 512 bytes.
    pub fn cause_text(&self) -> Option<String> {
        const MAX_LENGTH: usize = 512;
        let mut text = String::new();
        let mut next: Option<&dyn std::error::Error> = self.cause.map(|cause| cause as _);
        while let Some(error) = next {
            let said = error.to_string();
            // Many errors repeat the message of their source.
            if !text.ends_with(&said) {
                if !text.is_empty() {
                    text.push_str(": ");
                }
                text.extend(said.chars().flat_map(printable));
            }
            next = error.source();
        }
        cut(&mut text, MAX_LENGTH);
        (!text.is_empty()).then_some(text)
    }
}

/// Cuts a text that grew longer than this many bytes.
fn cut(text: &mut String, max: usize) -> bool {
    let is_too_long = text.len() > max;
    if is_too_long {
        let end = (0..=max).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
    is_too_long
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreErrorKind;

    fn shown(path: &str) -> String {
        let path = Some(path);
        let request = RequestInfo {
            path,
            ..RequestInfo::default()
        };
        request.loggable_path().unwrap()
    }

    #[test]
    fn a_path_in_a_log_is_short_and_holds_no_line_break() {
        assert_eq!(shown("/a/b"), "/a/b");
        assert_eq!(shown("/a\nb"), "/a\\nb");
        let long = shown(&format!("/{}", "ä".repeat(500)));
        assert!(long.len() < 262 && long.ends_with('…'), "{long}");
    }

    #[test]
    fn the_cause_of_a_failure_names_each_error_behind_it_once() {
        let inner = std::io::Error::other("the socket\nis gone");
        let error = StoreError::with_source(StoreErrorKind::Unavailable, inner);
        let details = EventDetails::default().because_of(&error);
        let text = details.cause_text().unwrap();
        assert_eq!(
            text,
            "the session store cannot be reached: the socket\\nis gone"
        );
    }
}

//! Events: what the rules decided.

use std::fmt;

use crate::certificate::{CertificateError, Fingerprint};
use crate::event_details::EventDetails;
use crate::handle::Handle;
use crate::names::AuthMethod;
use crate::principal::Principal;
use crate::store::StoreErrorKind;
use crate::time::Timestamp;

/// A decision about a session. It holds neither token nor data. The expiry of a session emits no
/// event.
///
/// Each event is written to `tracing` under the target `certsession`, with the
/// [`EventDetails`] as fields (docs/events.md lists them), and passed to the [`EventSink`] that
/// the application has set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEvent {
    /// A session began and its first token was issued.
    Issued {
        /// The session.
        handle: Handle,
    },
    /// A session was bound to a certificate: when it began, or, if it had begun without one, when the
    /// first was presented. It has a new token then, and the token before it is dead.
    Bound {
        /// The session.
        handle: Handle,
        /// The certificate.
        certificate: Fingerprint,
    },
    /// A principal signed in. The session has a new token, and the token before it is dead.
    SignedIn {
        /// The session.
        handle: Handle,
        /// The principal.
        principal: Principal,
    },
    /// The principal who signed in is not who really acts. A [`SignedIn`](Self::SignedIn) of the
    /// same session comes before it.
    ActingFor {
        /// The session.
        handle: Handle,
        /// Who really acts.
        actor: Principal,
        /// In whose name.
        principal: Principal,
    },
    /// The principal of a session authenticated again, for an elevation. A
    /// [`Rotated`](Self::Rotated) of the same session comes before it.
    Elevated {
        /// The session.
        handle: Handle,
        /// How the principal authenticated.
        method: AuthMethod,
        /// Until when the elevation lasts.
        until: Timestamp,
    },
    /// The session has a new token.
    Rotated {
        /// The session.
        handle: Handle,
        /// The reason.
        reason: RotationReason,
    },
    /// The session moved to a renewed certificate, and has a new token.
    Rebound {
        /// The session.
        handle: Handle,
        /// The old certificate.
        from: Fingerprint,
        /// The new certificate.
        to: Fingerprint,
    },
    /// A token or a certificate was refused. A malformed, unknown or repeated token is ignored, and
    /// the request continues without a session, as it does under a renewed certificate that the
    /// policy does not admit; any other reason ends the request.
    Refused {
        /// The session, known only if the token was genuine.
        handle: Option<Handle>,
        /// The reason.
        reason: Refusal,
    },
    /// The certificate of the connection cannot be read, or says what no certificate may say; the
    /// error names the cause and, where they can be read, fingerprint, serial number and subject.
    /// Or the sender of the request is not the proxy whose socket it came to; the certificate is the
    /// sender's then. A [`Refused`](Self::Refused) follows, with [`Refusal::CertificateRejected`] or
    /// [`Refusal::NotTheProxy`].
    CertificateRejected {
        /// What is wrong with it.
        error: CertificateError,
    },
    /// A replaced token was used again under the bound certificate: a copy of the token is in use,
    /// or a request was very slow.
    Replayed {
        /// The session.
        handle: Handle,
    },
    /// A request ended its own session.
    Ended {
        /// The session.
        handle: Handle,
        /// The reason.
        reason: EndReason,
    },
    /// A session was ended from outside its own requests.
    Revoked {
        /// The session.
        handle: Handle,
        /// The reason.
        reason: RevocationReason,
    },
    /// The store failed.
    StoreFailed {
        /// The store operation.
        operation: StoreOperation,
        /// The kind of failure.
        kind: StoreErrorKind,
    },
}

/// Why a token was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RotationReason {
    /// The renewal timeout passed, or the session moved to a renewed certificate.
    Renewal,
    /// The application asked for it.
    Requested,
}

/// Why a token or a certificate was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The cookie does not have the format of a token.
    MalformedToken,
    /// The request has more than one cookie with the session's name; none is used.
    SeveralTokens,
    /// The token opens no session.
    UnknownToken,
    /// The session's token came without a client certificate.
    CertificateMissing,
    /// The session's token came under a certificate that the session is not bound to.
    OtherCertificate,
    /// The session's token came under a newer certificate that looks like the same owner's, and
    /// that the binding policy does not admit. The request goes on without a session, and can do
    /// nothing but sign in.
    CertificateRenewed,
    /// The session has moved on to a newer certificate of the same owner.
    CertificateSuperseded,
    /// The certificate is past its `notAfter`.
    CertificateExpired,
    /// The certificate is before its `notBefore`.
    CertificateNotYetValid,
    /// The certificate is revoked, or its key is. The sessions that are bound to it are ended.
    CertificateRevoked,
    /// The revocation list of the certificate's issuer is overdue, so the revocation status is
    /// unknown.
    RevocationUnknown,
    /// The certificate cannot be parsed, or its content is invalid; or what a proxy forwarded in its
    /// place cannot be used.
    CertificateRejected,
    /// The request came to a socket that is for proxies alone, from a sender that is none of them.
    NotTheProxy,
    /// A page of another site made the request. Adapters refuse it before they open a session.
    CrossSite,
}

/// Why a request ended its own session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// The principal signed out.
    SignOut,
    /// The application ended it.
    Requested,
    /// A replaced token was used again, and the policy is to end the session.
    Replay,
}

/// Why a session was ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationReason {
    /// The application asked for it.
    Requested,
    /// It was ended to make room for a new session of its principal.
    Evicted,
    /// The certificate that it was bound to is revoked.
    CertificateRevoked,
}

/// A store operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is a method of the store contract")]
pub enum StoreOperation {
    Create,
    Load,
    Commit,
    Remove,
    Sessions,
    EndOldest,
    Revoke,
}

impl SessionEvent {
    /// The stable name of the event: the field `event` of its log line.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Issued { .. } => "session_issued",
            Self::Bound { .. } => "session_bound",
            Self::SignedIn { .. } => "signed_in",
            Self::ActingFor { .. } => "acting_for",
            Self::Elevated { .. } => "session_elevated",
            Self::Rotated { .. } => "session_rotated",
            Self::Rebound { .. } => "session_rebound",
            Self::Refused { reason, .. } if reason.ends_request() => "request_refused",
            Self::Refused { .. } => "token_ignored",
            Self::CertificateRejected { .. } => "request_refused",
            Self::Replayed { .. } => "token_replayed",
            Self::Ended { .. } => "session_ended",
            Self::Revoked { .. } => "session_revoked",
            Self::StoreFailed { .. } => "store_failed",
        }
    }
}

impl Refusal {
    /// Why a request is refused whose peer is rejected with this error.
    pub(crate) fn of(error: &CertificateError) -> Self {
        match error.cause() {
            CertificateError::NotTheProxy { .. } => Self::NotTheProxy,
            _ => Self::CertificateRejected,
        }
    }

    /// The stable name: the field `reason` of a log line, and a label of metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedToken => "malformed_token",
            Self::SeveralTokens => "several_tokens",
            Self::UnknownToken => "unknown_token",
            Self::CertificateMissing => "certificate_missing",
            Self::OtherCertificate => "other_certificate",
            Self::CertificateRenewed => "certificate_renewed",
            Self::CertificateSuperseded => "certificate_superseded",
            Self::CertificateExpired => "certificate_expired",
            Self::CertificateNotYetValid => "certificate_not_yet_valid",
            Self::CertificateRevoked => "certificate_revoked",
            Self::RevocationUnknown => "revocation_unknown",
            Self::CertificateRejected => "certificate_rejected",
            Self::NotTheProxy => "not_the_proxy",
            Self::CrossSite => "cross_site",
        }
    }

    /// Whether the request is refused. Where not, it continues without a session.
    pub const fn ends_request(self) -> bool {
        !matches!(
            self,
            Self::MalformedToken
                | Self::SeveralTokens
                | Self::UnknownToken
                | Self::CertificateRenewed
        )
    }
}

impl RotationReason {
    /// The stable name: the field `reason` of a log line, and a label of metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Renewal => "renewal",
            Self::Requested => "requested",
        }
    }
}

impl EndReason {
    /// The stable name: the field `reason` of a log line, and a label of metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignOut => "sign_out",
            Self::Requested => "requested",
            Self::Replay => "replay",
        }
    }
}

impl RevocationReason {
    /// The stable name: the field `reason` of a log line, and a label of metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Evicted => "evicted",
            Self::CertificateRevoked => "certificate_revoked",
        }
    }
}

impl StoreOperation {
    /// The stable name: the field `operation` of a log line, and a label of metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::EndOldest => "end_oldest",
            Self::Load => "load",
            Self::Commit => "commit",
            Self::Remove => "remove",
            Self::Sessions => "sessions",
            Self::Revoke => "revoke",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MalformedToken => "the session cookie is malformed",
            Self::SeveralTokens => "the request has more than one session cookie",
            Self::UnknownToken => "this cookie opens no session",
            Self::CertificateMissing => "a client certificate is required",
            Self::OtherCertificate => "the session belongs to another certificate",
            Self::CertificateRenewed => "the session belongs to the certificate before this one",
            Self::CertificateSuperseded => "the session has moved to a newer certificate",
            Self::CertificateExpired => "the client certificate has expired",
            Self::CertificateNotYetValid => "the client certificate is not valid yet",
            Self::CertificateRevoked => "the client certificate is revoked",
            Self::RevocationUnknown => "the revocation status of the client certificate is unknown",
            Self::CertificateRejected => "the client certificate cannot be accepted",
            Self::NotTheProxy => "the request did not come through the proxy",
            Self::CrossSite => "the request comes from another site",
        })
    }
}

/// A receiver of events besides `tracing`: an audit log, a counter, an alarm.
///
/// Called while a request waits: do not block. Send slow work to a channel.
///
/// ```
/// use certsession_core::{EventSink, SessionEvent};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[derive(Debug, Default)]
/// struct Refusals(AtomicU64);
///
/// impl EventSink for Refusals {
///     fn record(&self, event: &SessionEvent) {
///         if let SessionEvent::Refused { .. } = event {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait EventSink: fmt::Debug + Send + Sync + 'static {
    /// Handles one event.
    fn record(&self, event: &SessionEvent);

    /// Handles one event together with what else is known: the request, the certificate that was
    /// presented, the principal, the actor and the cause. This is what the rules call. By default
    /// it drops the details and calls [`record`](Self::record).
    fn record_with(&self, event: &SessionEvent, details: &EventDetails<'_>) {
        let _ = details;
        self.record(event);
    }
}

impl<E: EventSink> EventSink for std::sync::Arc<E> {
    fn record(&self, event: &SessionEvent) {
        (**self).record(event);
    }

    fn record_with(&self, event: &SessionEvent, details: &EventDetails<'_>) {
        (**self).record_with(event, details);
    }
}

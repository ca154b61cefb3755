//! An event as a line of the log: fields of `tracing` with stable names, which docs/events.md
//! lists.

use std::net::SocketAddr;

use crate::certificate::{Fingerprint, SerialNumber};
use crate::event::{Refusal, RotationReason, SessionEvent};
use crate::event_details::EventDetails;
use crate::handle::Handle;
use crate::principal::Principal;

/// Writes the event to `tracing`, at the level that fits it.
pub(crate) fn write(event: &SessionEvent, details: &EventDetails<'_>) {
    // Each callsite has one level, so the same fields are written out for each level. A field
    // without a value is left out of the line.
    macro_rules! line {
        ($level:ident, $message:literal, $line:expr) => {{
            let line: Line<'_> = $line;
            tracing::$level!(
                target: "certsession",
                event = event.name(),
                owasp = owasp(event),
                reason = line.reason,
                session = line.session.map(display),
                principal = line.principal.map(display),
                client = details.request.client.map(shown),
                method = details.request.method,
                path = details.request.loggable_path().map(display),
                certificate_sha256 = line.certificate.sha256.map(display),
                certificate_serial = line.certificate.serial.map(display),
                certificate_subject = line.certificate.subject,
                bound_sha256 = line.bound.map(display),
                bound_serial = details.bound_serial.map(display),
                actor = details.actor.map(|actor| actor.kind()),
                actor_name = details.actor.as_ref().and_then(|actor| actor.name()),
                operation = line.operation,
                kind = line.kind,
                cause = line.cause.as_ref().map(display),
                $message,
            );
        }};
    }
    let line = Line {
        principal: details.principal,
        bound: details.bound,
        certificate: Certificate::presented(details),
        ..Line::default()
    };
    match event {
        SessionEvent::Issued { handle } => line!(info, "a session began", line.of(handle)),
        SessionEvent::Bound {
            handle,
            certificate,
        } => {
            let line = line.of(handle).under(certificate);
            line!(info, "a session was bound to a certificate", line);
        }
        SessionEvent::SignedIn { handle, principal } => {
            let principal = Some(principal);
            let line = Line {
                principal,
                ..line.of(handle)
            };
            line!(info, "a principal signed in", line);
        }
        SessionEvent::ActingFor {
            handle, principal, ..
        } => {
            let principal = Some(principal);
            let line = Line {
                principal,
                ..line.of(handle)
            };
            line!(warn, "a principal acts in the name of another", line);
        }
        SessionEvent::Elevated { handle, method, .. } => {
            let kind = Some(method.as_str());
            let line = Line {
                kind,
                ..line.of(handle)
            };
            line!(info, "a principal authenticated again", line);
        }
        SessionEvent::Rotated { handle, reason } => {
            let line = line.of(handle).because(reason.as_str());
            line!(info, "a session has a new token", line);
        }
        SessionEvent::Rebound { handle, from, to } => {
            let bound = Some(from);
            let line = Line {
                bound,
                ..line.of(handle).under(to)
            };
            line!(info, "a session moved to a renewed certificate", line);
        }
        // Said with the cause.
        SessionEvent::Refused {
            reason: Refusal::CertificateRejected | Refusal::NotTheProxy,
            ..
        } => {}
        SessionEvent::Refused { handle, reason } => {
            let line = Line {
                session: handle.as_ref(),
                ..line.because(reason.as_str())
            };
            match reason {
                // Every browser whose session has expired sends such a token.
                Refusal::UnknownToken | Refusal::CertificateRenewed => {
                    line!(info, "a session cookie was ignored", line);
                }
                _ if !reason.ends_request() => line!(warn, "a session cookie was ignored", line),
                _ => line!(warn, "a request was refused", line),
            }
        }
        SessionEvent::CertificateRejected { error } => {
            let line = Line {
                certificate: error
                    .certificate()
                    .map(|rejected| Certificate {
                        sha256: Some(rejected.fingerprint()),
                        serial: rejected.serial(),
                        subject: rejected.subject(),
                    })
                    .unwrap_or_default(),
                cause: Some(error.cause().to_string()),
                ..line.because(Refusal::of(error).as_str())
            };
            line!(warn, "a request was refused", line);
        }
        SessionEvent::Replayed { handle } => {
            line!(warn, "a replaced token was used again", line.of(handle));
        }
        SessionEvent::Ended { handle, reason } => {
            let line = line.of(handle).because(reason.as_str());
            line!(info, "a session was ended by its own request", line);
        }
        SessionEvent::Revoked { handle, reason } => {
            let line = line.of(handle).because(reason.as_str());
            line!(info, "a session was ended from outside", line);
        }
        SessionEvent::StoreFailed { operation, kind } => {
            let line = Line {
                operation: Some(operation.as_str()),
                kind: Some(kind.as_str()),
                cause: details.cause_text(),
                ..line
            };
            line!(error, "the session store failed", line);
        }
    }
}

/// A proxy tells no port of its client.
fn shown(client: SocketAddr) -> impl tracing::Value {
    tracing::field::display(match client.port() {
        0 => client.ip().to_string(),
        _ => client.to_string(),
    })
}

/// The fields that depend on the kind of event.
#[derive(Default)]
struct Line<'a> {
    session: Option<&'a Handle>,
    principal: Option<&'a Principal>,
    reason: Option<&'static str>,
    bound: Option<&'a Fingerprint>,
    certificate: Certificate<'a>,
    operation: Option<&'static str>,
    kind: Option<&'a str>,
    cause: Option<String>,
}

/// The certificate that the line is about: the one that was presented, if it is known.
#[derive(Clone, Copy, Default)]
struct Certificate<'a> {
    sha256: Option<&'a Fingerprint>,
    serial: Option<&'a SerialNumber>,
    subject: Option<&'a str>,
}

impl<'a> Certificate<'a> {
    fn presented(details: &EventDetails<'a>) -> Self {
        details.presented.map_or_else(Self::default, |peer| Self {
            sha256: Some(peer.fingerprint()),
            serial: Some(peer.serial()),
            subject: Some(peer.subject()),
        })
    }
}

impl<'a> Line<'a> {
    fn of(self, handle: &'a Handle) -> Self {
        let session = Some(handle);
        Self { session, ..self }
    }

    fn because(self, reason: &'static str) -> Self {
        let reason = Some(reason);
        Self { reason, ..self }
    }

    /// Where the details do not name a certificate, the event does.
    fn under(mut self, certificate: &'a Fingerprint) -> Self {
        self.certificate.sha256.get_or_insert(certificate);
        self
    }
}

/// What OWASP's Application Logging Vocabulary calls it, where it has a word.
fn owasp(event: &SessionEvent) -> Option<&'static str> {
    Some(match event {
        SessionEvent::Issued { .. } => "session_created",
        SessionEvent::SignedIn { .. } | SessionEvent::Elevated { .. } => "authn_login_success",
        SessionEvent::ActingFor { .. } => "authz_admin",
        SessionEvent::Rotated {
            reason: RotationReason::Renewal,
            ..
        } => "session_renewed",
        SessionEvent::Refused { reason, .. } => return owasp_of_refusal(*reason),
        SessionEvent::CertificateRejected { error } => {
            return owasp_of_refusal(Refusal::of(error));
        }
        SessionEvent::Replayed { .. } => "authn_token_reuse",
        SessionEvent::Ended { .. } | SessionEvent::Revoked { .. } => "session_expired",
        SessionEvent::Bound { .. }
        | SessionEvent::Rebound { .. }
        | SessionEvent::Rotated { .. }
        | SessionEvent::StoreFailed { .. } => return None,
    })
}

const fn owasp_of_refusal(refusal: Refusal) -> Option<&'static str> {
    Some(match refusal {
        Refusal::MalformedToken | Refusal::SeveralTokens => "input_validation_fail",
        Refusal::UnknownToken => "session_use_after_expire",
        Refusal::OtherCertificate
        | Refusal::CertificateMissing
        | Refusal::CertificateSuperseded
        | Refusal::NotTheProxy => "authz_fail",
        Refusal::CertificateExpired
        | Refusal::CertificateNotYetValid
        | Refusal::CertificateRevoked
        | Refusal::RevocationUnknown
        | Refusal::CertificateRejected => "authn_login_fail",
        Refusal::CrossSite => "malicious_cors",
        Refusal::CertificateRenewed => return None,
    })
}

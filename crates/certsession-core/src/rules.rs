//! What the application chose.

use crate::binding::{Binding, BindingPolicy, Match, RenewedBy};
use crate::certificate::{PeerCertificate, ValidityError};
use crate::end_notifier::EndNotifier;
use crate::event::{EventSink, Refusal, SessionEvent};
use crate::lifetimes::Lifetimes;
use crate::revocation::{OwnedRevocations, RevocationList, RevocationStatus};
use crate::store::Admission;
use crate::time::{Clock, SystemClock, Timestamp};

/// What happens when a token that was replaced comes again under the bound certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnReplay {
    /// The token is not accepted, and the session lives on. Requests that were under way while
    /// the token changed look like this too, so it is the default.
    #[default]
    Refuse,
    /// The token is not accepted, and the session ends: whoever has it must sign in again.
    /// Any secret but the current ones counts, also one that was never issued: whoever can plant
    /// a cookie in the owner's browser can then end the session.
    EndSession,
}

/// What the application chose; every default is visible here.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) lifetimes: Lifetimes,
    pub(crate) binding: BindingPolicy,
    pub(crate) renewed_by: RenewedBy,
    pub(crate) on_replay: OnReplay,
    pub(crate) admission: Option<Admission>,
    pub(crate) max_data_size: usize,
    pub(crate) revocations: RevocationList,
    /// What is on the list and whose sessions are still to be ended.
    pub(crate) to_end: OwnedRevocations,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) event_sink: Option<Box<dyn EventSink>>,
    /// Rings for those who watch a session.
    pub(crate) end_notifier: EndNotifier,
}

impl Default for Rules {
    fn default() -> Self {
        let revocations = RevocationList::new();
        Self {
            to_end: revocations.subscribe().into(),
            revocations,
            lifetimes: Lifetimes::default(),
            binding: BindingPolicy::Certificate,
            renewed_by: RenewedBy::SameCa,
            on_replay: OnReplay::Refuse,
            admission: None,
            max_data_size: 64 << 10,
            clock: Box::new(SystemClock),
            event_sink: None,
            end_notifier: EndNotifier::default(),
        }
    }
}

impl Rules {
    /// What the policy says of the certificate on this connection.
    pub(crate) fn compare(&self, bound: &Binding, peer: &PeerCertificate) -> Match {
        self.binding.compare(self.renewed_by, bound, peer)
    }

    /// Whether a certificate is good at this moment: valid, and not revoked.
    pub(crate) fn judge(
        &self,
        certificate: &PeerCertificate,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        match certificate.check_validity(now) {
            Ok(()) => {}
            Err(ValidityError::NotYetValid) => return Err(Refusal::CertificateNotYetValid),
            Err(_) => return Err(Refusal::CertificateExpired),
        }
        match self.revocations.status(certificate, now) {
            RevocationStatus::Good => Ok(()),
            RevocationStatus::Unknown => Err(Refusal::RevocationUnknown),
            RevocationStatus::Revoked => Err(Refusal::CertificateRevoked),
        }
    }

    pub(crate) fn emit(&self, event: SessionEvent) {
        event.trace();
        self.end_notifier.notify(&event);
        if let Some(sink) = &self.event_sink {
            sink.record(&event);
        }
    }
}

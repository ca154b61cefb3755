//! Configuration of the rules.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::application_keys::ApplicationKeys;
use crate::bind_when_present::CertificatePolicy;
use crate::binding::{Binding, BindingPolicy, Match, RenewedBy};
use crate::certificate::{PeerCertificate, ValidityError};
use crate::end_notifier::EndNotifier;
use crate::event::{EventSink, Refusal, SessionEvent};
use crate::event_details::EventDetails;
use crate::event_line;
use crate::lifetimes::Lifetimes;
#[cfg(feature = "metrics")]
use crate::meter::ListGauges;
use crate::record::Record;
use crate::revocation::{OwnedRevocations, RevocationList, RevocationStatus};
use crate::store::Admission;
use crate::time::{Clock, SystemClock, Timestamp};

/// What happens when a replaced token is used again under the bound certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnReplay {
    /// The token is refused, and the session continues. This is the default, because requests in
    /// flight during a token change look the same.
    #[default]
    Refuse,
    /// The token is refused, and the session ends: the owner must sign in again. Any secret other
    /// than the accepted ones counts as a replay, even one that was never issued. So an attacker
    /// who can plant a cookie in the owner's browser can end the session.
    EndSession,
}

/// How the data of a new session is kept.
#[derive(Clone, Debug)]
pub(crate) enum Encryption {
    /// As it is.
    Off,
    /// Encrypted under the session's token.
    UnderToken,
    /// Encrypted under the current one of these keys.
    UnderApplicationKey(Arc<ApplicationKeys>),
}

/// The application's configuration; all defaults are visible here.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) lifetimes: Lifetimes,
    pub(crate) certificate: CertificatePolicy,
    pub(crate) binding: BindingPolicy,
    pub(crate) renewed_by: RenewedBy,
    pub(crate) on_replay: OnReplay,
    pub(crate) admission: Option<Admission>,
    /// How many sessions a certificate may have.
    pub(crate) certificate_limit: Option<NonZeroUsize>,
    pub(crate) max_data_size: usize,
    pub(crate) encryption: Encryption,
    /// What the data of sessions under an application key is read with, whatever new sessions are
    /// encrypted under.
    pub(crate) application_keys: Option<Arc<ApplicationKeys>>,
    /// The largest record that the store can keep, in bytes.
    pub(crate) max_record_size: usize,
    pub(crate) revocations: RevocationList,
    /// Revoked certificates whose sessions have not been ended yet.
    pub(crate) to_end: OwnedRevocations,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) event_sink: Option<Box<dyn EventSink>>,
    /// Notifies the watchers of a session.
    pub(crate) end_notifier: EndNotifier,
    #[cfg(feature = "metrics")]
    pub(crate) list_gauges: ListGauges,
}

impl Default for Rules {
    fn default() -> Self {
        let revocations = RevocationList::new();
        Self {
            to_end: revocations.subscribe().into(),
            revocations,
            lifetimes: Lifetimes::default(),
            certificate: CertificatePolicy::Required,
            binding: BindingPolicy::Certificate,
            renewed_by: RenewedBy::SameCa,
            on_replay: OnReplay::Refuse,
            admission: None,
            certificate_limit: NonZeroUsize::new(1_000),
            max_data_size: 64 << 10,
            encryption: Encryption::Off,
            application_keys: None,
            max_record_size: usize::MAX,
            clock: Box::new(SystemClock),
            event_sink: None,
            end_notifier: EndNotifier::default(),
            #[cfg(feature = "metrics")]
            list_gauges: ListGauges::default(),
        }
    }
}

impl Rules {
    /// Whether every session needs a certificate.
    pub(crate) const fn requires_certificate(&self) -> bool {
        matches!(self.certificate, CertificatePolicy::Required)
    }

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

    /// The maximum data size of the session of this record, in bytes.
    pub(crate) fn max_data_size_of(&self, record: &Record) -> usize {
        let max = record.max_data_size_of(self.max_record_size);
        self.max_data_size.min(max)
    }

    pub(crate) fn emit(&self, event: SessionEvent, details: EventDetails<'_>) {
        event_line::write(&event, &details);
        #[cfg(feature = "metrics")]
        crate::meter::count(&event);
        self.end_notifier.notify(&event);
        if let Some(sink) = &self.event_sink {
            sink.record_with(&event, &details);
        }
    }
}

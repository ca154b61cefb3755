//! Events about commits.

use super::SessionManager;
use crate::details::{Actor, EventDetails};
use crate::event::{RevocationReason, RotationReason, SessionEvent};
use crate::handle::Handle;
use crate::record::Record;
use crate::session::{Base, Pending};
use crate::store::SessionStore;

impl<S: SessionStore> SessionManager<S> {
    pub(super) fn emit_created(
        &self,
        record: &Record,
        evicted: &[Handle],
        details: EventDetails<'_>,
    ) {
        let handle = record.handle;
        let certificate = *record.binding.fingerprint();
        let details = details.about(record);
        let emit = |event| self.rules.emit(event, details);
        emit(SessionEvent::Issued { handle });
        emit(SessionEvent::Bound {
            handle,
            certificate,
        });
        if let Some(principal) = record.principal.clone() {
            emit(SessionEvent::SignedIn { handle, principal });
        }
        self.emit_evicted(evicted, details);
    }

    pub(super) fn emit_changed(
        &self,
        base: &Base,
        record: &Record,
        pending: &Pending,
        rotated: bool,
        evicted: &[Handle],
        details: EventDetails<'_>,
    ) {
        let emit = |event| self.rules.emit(event, details);
        let handle = record.handle;
        let from = *base.record.binding.fingerprint();
        let to = *record.binding.fingerprint();
        // Many requests may find the certificate renewed at the same time; only the one that won
        // the new token reports it.
        if base.rebind && rotated && from != to {
            let event = SessionEvent::Rebound { handle, from, to };
            self.rules.emit(event, details.about(&base.record));
        }
        if let Some(principal) = pending.sign_in.clone() {
            emit(SessionEvent::SignedIn { handle, principal });
        } else if rotated {
            let reason = match pending.rotate {
                true => RotationReason::Requested,
                false => RotationReason::Renewal,
            };
            emit(SessionEvent::Rotated { handle, reason });
        }
        self.emit_evicted(evicted, details);
    }

    /// The principal is the one who signs in. What the ended sessions were bound to is not known.
    fn emit_evicted(&self, evicted: &[Handle], details: EventDetails<'_>) {
        let details = EventDetails {
            bound: None,
            bound_serial: None,
            ..details.by(Actor::Rules)
        };
        for handle in evicted {
            self.revoked(*handle, RevocationReason::Evicted, details);
        }
    }
}

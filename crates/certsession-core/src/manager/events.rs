//! Events about commits.

use super::SessionManager;
use crate::event::{RevocationReason, RotationReason, SessionEvent};
use crate::handle::Handle;
use crate::principal::Principal;
use crate::record::Record;
use crate::session::{Base, Pending};
use crate::store::SessionStore;

impl<S: SessionStore> SessionManager<S> {
    pub(super) fn emit_created(&self, record: &Record, evicted: &[Handle]) {
        let handle = record.handle;
        let certificate = *record.binding.fingerprint();
        self.rules.emit(SessionEvent::Issued { handle });
        self.rules.emit(SessionEvent::Bound {
            handle,
            certificate,
        });
        if let Some(principal) = record.principal.clone() {
            self.emit_signed_in(record, principal);
        }
        self.emit_evicted(evicted);
    }

    pub(super) fn emit_changed(
        &self,
        base: &Base,
        record: &Record,
        pending: &Pending,
        rotated: bool,
        evicted: &[Handle],
    ) {
        let handle = record.handle;
        let from = *base.record.binding.fingerprint();
        let to = *record.binding.fingerprint();
        // Many requests may find the certificate renewed at the same time; only the one that won
        // the new token reports it.
        if base.rebind && rotated && from != to {
            self.rules.emit(SessionEvent::Rebound { handle, from, to });
        }
        if let Some(principal) = pending.sign_in.clone() {
            self.emit_signed_in(record, principal);
        } else if rotated {
            let reason = match pending.rotate {
                true => RotationReason::Requested,
                false => RotationReason::Renewal,
            };
            self.rules.emit(SessionEvent::Rotated { handle, reason });
        }
        let elevation = pending.details.as_ref().and_then(|it| it.elevation.clone());
        if let Some(Some(elevation)) = elevation {
            self.rules.emit(SessionEvent::Elevated {
                handle,
                method: elevation.method,
                until: elevation.until,
            });
        }
        self.emit_evicted(evicted);
    }

    fn emit_signed_in(&self, record: &Record, principal: Principal) {
        let handle = record.handle;
        let acting = record.actor().map(|actor| SessionEvent::ActingFor {
            handle,
            actor: actor.clone(),
            principal: principal.clone(),
        });
        self.rules
            .emit(SessionEvent::SignedIn { handle, principal });
        if let Some(acting) = acting {
            self.rules.emit(acting);
        }
    }

    fn emit_evicted(&self, evicted: &[Handle]) {
        for handle in evicted {
            self.revoked(*handle, RevocationReason::Evicted);
        }
    }
}

//! Events about commits.

use super::SessionManager;
use crate::event::{RevocationReason, RotationReason, SessionEvent};
use crate::event_details::{Actor, EventDetails};
use crate::handle::Handle;
use crate::principal::Principal;
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
        let details = details.about(record);
        let emit = |event| self.rules.emit(event, details);
        emit(SessionEvent::Issued { handle });
        if let Some(binding) = record.binding() {
            let certificate = *binding.fingerprint();
            emit(SessionEvent::Bound {
                handle,
                certificate,
            });
        }
        if let Some(principal) = record.principal.clone() {
            self.emit_signed_in(record, principal, details);
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
        let fingerprint = |record: &Record| record.binding().map(|it| *it.fingerprint());
        // Many requests may find the certificate renewed at the same time; only the one that won
        // the new token reports it.
        if base.rebind
            && rotated
            && let Some((from, to)) = fingerprint(&base.record).zip(fingerprint(record))
            && from != to
        {
            let event = SessionEvent::Rebound { handle, from, to };
            self.rules.emit(event, details.about(&base.record));
        }
        if let Some(principal) = pending.sign_in.clone() {
            self.emit_signed_in(record, principal, details);
        } else if rotated {
            let reason = match pending.rotate {
                true => RotationReason::Requested,
                false => RotationReason::Renewal,
            };
            emit(SessionEvent::Rotated { handle, reason });
        }
        let elevation = pending.details.as_ref().and_then(|it| it.elevation.clone());
        if let Some(Some(elevation)) = elevation {
            emit(SessionEvent::Elevated {
                handle,
                method: elevation.method,
                until: elevation.until,
            });
        }
        self.emit_evicted(evicted, details);
    }

    fn emit_signed_in(&self, record: &Record, principal: Principal, details: EventDetails<'_>) {
        let handle = record.handle;
        let details = details.about(record);
        let signed_in = SessionEvent::SignedIn {
            handle,
            principal: principal.clone(),
        };
        self.rules.emit(signed_in, details);
        if let Some(actor) = record.actor() {
            let acting = SessionEvent::ActingFor {
                handle,
                actor: actor.clone(),
                principal,
            };
            self.rules.emit(acting, details.by(Actor::Principal(actor)));
        }
    }

    /// The principal is the one who signs in. What the ended sessions were bound to is not known.
    pub(super) fn emit_evicted(&self, evicted: &[Handle], details: EventDetails<'_>) {
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

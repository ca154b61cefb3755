//! An end that was asked for takes place, whatever becomes of the request.

use actix_web::rt;

use crate::extract::CertSession;

/// While the handler runs: if the request is dropped (the client hung up, the handler panicked)
/// after the handler has ended its session, the end is carried out all the same. Nothing else
/// that the handler did is.
pub(super) struct EndingGuard {
    armed: Option<CertSession>,
}

impl EndingGuard {
    pub(super) fn new(session: &CertSession) -> Self {
        let armed = Some(session.clone());
        Self { armed }
    }

    pub(super) fn disarm(mut self) {
        self.armed = None;
    }
}

impl Drop for EndingGuard {
    fn drop(&mut self) {
        let Some(session) = self.armed.take() else {
            return;
        };
        if let Some(pending) = session.abandon() {
            rt::spawn(async move {
                // Nobody is left to hear of a failure but the event that it emits.
                let _ = session.execute_detached(pending).await;
            });
        }
    }
}

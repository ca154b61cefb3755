//! An end that was asked for takes place, whatever becomes of the request.

use actix_web::rt;
use certsession_core::{SessionManager, SessionStore, Work};

use crate::error::Error;
use crate::extract::CertSession;

/// While the handler runs: if the request is dropped (the client hung up, the handler panicked)
/// after the handler has ended its session, the end is carried out all the same. Nothing else
/// that the handler did is.
pub(super) struct EndingGuard<S: SessionStore> {
    armed: Option<(CertSession, SessionManager<S>)>,
}

impl<S: SessionStore> EndingGuard<S> {
    pub(super) fn new(session: &CertSession, manager: &SessionManager<S>) -> Self {
        Self {
            armed: Some((session.clone(), manager.clone())),
        }
    }

    pub(super) fn disarm(mut self) {
        self.armed = None;
    }
}

impl<S: SessionStore> Drop for EndingGuard<S> {
    fn drop(&mut self) {
        let Some((session, manager)) = self.armed.take() else {
            return;
        };
        if let Some(work) = session.abandon() {
            rt::spawn(async move {
                // Nobody is left to hear of a failure but the event that `perform` emits.
                let _done = manager.perform(work).await;
            });
        }
    }
}

/// Performs the work in a task of its own, and waits for it.
pub(super) async fn settle_detached<S: SessionStore>(
    session: CertSession,
    manager: SessionManager<S>,
    work: Work,
) -> Result<(), Error> {
    let task = rt::spawn(async move {
        let done = manager.perform(work).await;
        session.finish_commit(done)
    });
    match task.await {
        Ok(result) => result,
        Err(stopped) => {
            use certsession_core::{StoreError, StoreErrorKind};
            let error = StoreError::with_source(StoreErrorKind::Unavailable, stopped);
            Err(error.into())
        }
    }
}

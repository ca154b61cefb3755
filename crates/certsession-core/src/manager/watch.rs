//! Checking whether a watched session is still active.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::SessionManager;
use crate::binding::Match;
use crate::event::StoreOperation;
use crate::session::SessionWatch;
use crate::store::{SessionStore, StoreError};
use crate::time::Timestamp;

impl<S: SessionStore> SessionManager<S> {
    /// Whether a watched session is still active: not ended, expired or revoked, no other principal
    /// has signed in, and it is still bound to the certificate of the connection. One load.
    ///
    /// # Errors
    ///
    /// If the store fails: the session's state is unknown then.
    pub async fn is_active(&self, watch: &SessionWatch) -> Result<bool, StoreError> {
        Ok(self.active_until(watch).await?.is_some())
    }

    /// As [`is_active`](Self::is_active), with the time at which the session ends if it is not used
    /// again; `None` if it is not active.
    ///
    /// # Errors
    ///
    /// As [`is_active`](Self::is_active).
    pub async fn active_until(
        &self,
        watch: &SessionWatch,
    ) -> Result<Option<Timestamp>, StoreError> {
        let now = self.rules.clock.now();
        if !self.has_good_certificate(watch) {
            return Ok(None);
        }
        let loaded = self.store.load(watch.handle, now).await;
        let loaded = loaded.map_err(self.failed(StoreOperation::Load))?;
        let active = loaded.filter(|record| {
            let is_bound_to_peer = match (record.binding(), &watch.peer) {
                (None, None) => true,
                (Some(binding), Some(peer)) => {
                    !self.rules.revocations.revokes(binding, now)
                        && matches!(
                            self.rules.compare(binding, peer),
                            Match::Same | Match::Renewed
                        )
                }
                _ => false,
            };
            !record.is_expired(now) && record.epoch() == watch.epoch && is_bound_to_peer
        });
        Ok(active.map(|record| record.idle_deadline().min(record.absolute_deadline())))
    }

    /// Whether the certificate of a watched connection, if it has one, is still valid and not
    /// revoked. It takes no load.
    pub fn has_good_certificate(&self, watch: &SessionWatch) -> bool {
        let now = self.rules.clock.now();
        let peer = watch.peer.as_ref();
        peer.is_none_or(|peer| self.rules.judge(peer, now).is_ok())
    }

    /// Waits until the session may have ended: this process ended it, or the store reports that
    /// another process did ([`SessionStore::end_notification`]). Either notification may be missed,
    /// and expiry is never notified, so the caller must still poll [`is_active`](Self::is_active)
    /// from time to time.
    pub async fn end_notification(&self, watch: &SessionWatch) {
        let mut here = pin!(self.rules.end_notifier.notified(watch.handle));
        let mut elsewhere = pin!(self.store.end_notification(watch.handle));
        poll_fn(|context| match here.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => elsewhere.as_mut().poll(context),
        })
        .await;
    }
}

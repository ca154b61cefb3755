//! Certificates that were added to a list, and whose sessions are still to be ended.

use std::collections::HashSet;
use std::future::poll_fn;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::entries::Revocation;
use crate::certificate::{IssuerHash, SerialNumber};
use crate::store::Owner;

/// Certificates whose sessions are still to be ended. What is in here is kept until it was
/// done, also where a certificate is taken off the list meanwhile: its sessions end all the same.
#[derive(Debug, Default)]
pub(crate) struct PendingRevocations {
    state: Mutex<State>,
    /// Each request asks, so it is not behind the lock.
    has_worker: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    to_end: HashSet<Revocation>,
    waiting: Vec<Waker>,
    is_closed: bool,
}

impl PendingRevocations {
    pub(super) fn push<'s>(&self, added: impl IntoIterator<Item = (IssuerHash, &'s [u8])>) {
        let mut state = self.lock();
        for (issuer, serial) in added {
            let serial = SerialNumber::from_bytes(serial);
            let revoked = Revocation::Certificate { issuer, serial };
            state.to_end.insert(revoked);
        }
        if state.to_end.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Takes some out, for whoever ends their sessions.
    pub(crate) fn take(&self, at_most: usize) -> Batch<'_> {
        let mut state = self.lock();
        let taken: Vec<_> = state.to_end.iter().take(at_most).cloned().collect();
        for revocation in &taken {
            state.to_end.remove(revocation);
        }
        Batch {
            pending: self,
            left: taken,
        }
    }

    /// Claims the one place of a worker; false if there is a worker already.
    pub(crate) fn claim_worker(&self) -> bool {
        !self.has_worker.load(Ordering::Relaxed) && !self.has_worker.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn release_worker(&self) {
        self.has_worker.store(false, Ordering::Release);
    }

    /// Waits until there is something, or until no manager is left that could end sessions.
    pub(crate) async fn wait_nonempty(&self) {
        poll_fn(|context| {
            let mut state = self.lock();
            if !state.to_end.is_empty() || state.is_closed {
                return Poll::Ready(());
            }
            if !state
                .waiting
                .iter()
                .any(|waker| waker.will_wake(context.waker()))
            {
                state.waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half-done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The revocations of one manager's rules. They are closed when the rules are dropped, so that a
/// worker, which does not keep the rules alive, stops waiting.
#[derive(Debug)]
pub(crate) struct OwnedRevocations(Arc<PendingRevocations>);

impl OwnedRevocations {
    pub(crate) fn shared(&self) -> Arc<PendingRevocations> {
        Arc::clone(&self.0)
    }
}

impl From<Arc<PendingRevocations>> for OwnedRevocations {
    fn from(pending: Arc<PendingRevocations>) -> Self {
        Self(pending)
    }
}

impl Deref for OwnedRevocations {
    type Target = PendingRevocations;

    fn deref(&self) -> &PendingRevocations {
        &self.0
    }
}

impl Drop for OwnedRevocations {
    fn drop(&mut self) {
        let mut state = self.lock();
        state.is_closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// Some that were taken out. Those that are not done go back: where the store failed, and where
/// the task that ends their sessions was dropped.
pub(crate) struct Batch<'i> {
    pending: &'i PendingRevocations,
    left: Vec<Revocation>,
}

impl Batch<'_> {
    pub(crate) fn len(&self) -> usize {
        self.left.len()
    }

    pub(crate) fn next(&self) -> Option<&Revocation> {
        self.left.last()
    }

    /// The sessions of the next one are ended.
    pub(crate) fn done(&mut self) {
        self.left.pop();
    }
}

impl Drop for Batch<'_> {
    /// Nobody is woken: the others would meet the same failure, one after the other.
    fn drop(&mut self) {
        self.pending.lock().to_end.extend(self.left.drain(..));
    }
}

impl Revocation {
    /// Whose sessions it ends. A key has no index of its own: the sessions of its certificates
    /// end when they are next used.
    pub(crate) fn owner(&self) -> Option<Owner> {
        match self {
            Self::Certificate { issuer, serial } => Some(Owner::Certificate {
                issuer: *issuer,
                serial: serial.clone(),
            }),
            Self::PublicKey(_) => None,
        }
    }
}

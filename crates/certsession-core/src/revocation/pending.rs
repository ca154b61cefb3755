//! Certificates that were added to a list, and whose sessions are still to be ended.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::entries::{Revocation, Serials};
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
    /// Those that were taken out and not done.
    again: Vec<Revocation>,
    added: VecDeque<Added>,
    waiting: Vec<Waker>,
    is_closed: bool,
}

/// What is new in a set of serial numbers. The sets are those of the lists: a million entries
/// take no memory of their own here.
#[derive(Debug)]
struct Added {
    issuer: IssuerHash,
    serials: Arc<Serials>,
    /// What was there before.
    before: Vec<Arc<Serials>>,
    /// Where the next one begins.
    next: usize,
}

impl Added {
    /// Goes on to the next one that is new.
    fn advance(&mut self) -> Option<Revocation> {
        while let Some((serial, next)) = self.serials.at(self.next) {
            self.next = next;
            if !self.before.iter().any(|before| before.holds(serial)) {
                return Some(Revocation::Certificate {
                    issuer: self.issuer,
                    serial: SerialNumber::from_bytes(serial),
                });
            }
        }
        None
    }

    fn has_more(&self) -> bool {
        let mut rest = Self {
            issuer: self.issuer,
            serials: Arc::clone(&self.serials),
            before: self.before.clone(),
            next: self.next,
        };
        rest.advance().is_some()
    }
}

impl PendingRevocations {
    /// Takes note of what is in `serials` and in none of those before.
    pub(super) fn push(
        &self,
        issuer: IssuerHash,
        serials: &Arc<Serials>,
        before: Vec<Arc<Serials>>,
    ) {
        let added = Added {
            issuer,
            serials: Arc::clone(serials),
            before,
            next: 0,
        };
        if !added.has_more() {
            return;
        }
        let mut state = self.lock();
        state.added.push_back(added);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Takes some out, for the task that ends their sessions.
    pub(crate) fn take(&self, at_most: usize) -> Batch<'_> {
        let mut state = self.lock();
        let kept = state.again.len().saturating_sub(at_most);
        let mut taken = state.again.split_off(kept);
        while taken.len() < at_most
            && let Some(added) = state.added.front_mut()
        {
            match added.advance() {
                Some(revocation) => taken.push(revocation),
                None => drop(state.added.pop_front()),
            }
        }
        // Nothing is left to wait for where the rest is not new.
        while state.added.front().is_some_and(|added| !added.has_more()) {
            state.added.pop_front();
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
            if !state.again.is_empty() || !state.added.is_empty() || state.is_closed {
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
    /// No one is woken: the others would meet the same failure, one after the other.
    fn drop(&mut self) {
        // The one that failed comes last next time, so that it does not hold up the others.
        if !self.left.is_empty() {
            self.left.rotate_right(1);
        }
        let mut state = self.pending.lock();
        self.left.append(&mut state.again);
        state.again = std::mem::take(&mut self.left);
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

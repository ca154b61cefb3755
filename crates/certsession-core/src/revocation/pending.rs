//! Owners whose sessions are still to be ended: certificates that were added to a list, and those of
//! which a request was refused.

use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::entries::{Revocation, Serials};
use crate::certificate::{IssuerHash, SerialNumber};
use crate::store::{Owner, OwnerKey};

/// How many owners may be queued by requests. Beyond that a request queues nothing: its certificate
/// is refused all the same, and its next request tries again.
const MOST_REQUESTED: usize = 4_096;

/// Owners whose sessions are still to be ended. What is in here is kept until it was done, also
/// where a certificate is taken off the list meanwhile: its sessions end all the same.
#[derive(Debug, Default)]
pub(crate) struct PendingRevocations {
    state: Mutex<State>,
    /// Each request asks, so it is not behind the lock.
    has_worker: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// Those that were taken out and not done.
    again: VecDeque<Owner>,
    /// Those of which a request was refused.
    requested: VecDeque<Owner>,
    /// Which those are: each is queued once, however many of its requests are refused.
    is_requested: HashSet<OwnerKey>,
    added: VecDeque<Added>,
    /// How many batches are being worked on.
    batches: usize,
    /// Whose sessions are being ended at this moment.
    sweeping: HashSet<OwnerKey>,
    waiting: Vec<Waker>,
    /// Those who wait until nothing is left.
    draining: Vec<Waker>,
    is_closed: bool,
}

impl State {
    fn is_empty(&self) -> bool {
        self.again.is_empty() && self.requested.is_empty() && self.added.is_empty()
    }
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
    fn advance(&mut self) -> Option<Owner> {
        while let Some((serial, next)) = self.serials.at(self.next) {
            self.next = next;
            if !self.before.iter().any(|before| before.holds(serial)) {
                return Some(Owner::Certificate {
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

    /// Queues an owner of whom a request was refused.
    pub(crate) fn request(&self, owner: Owner) {
        let mut state = self.lock();
        if state.requested.len() >= MOST_REQUESTED || !state.is_requested.insert(owner.key()) {
            return;
        }
        state.requested.push_back(owner);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Takes some out, for the task that ends their sessions. At most half of them are those that
    /// could not be ended before, as long as there are others.
    pub(crate) fn take(&self, at_most: usize) -> Batch<'_> {
        let mut state = self.lock();
        let first = state.again.len().min(at_most / 2);
        let mut before: Vec<_> = state.again.drain(..first).collect();
        let mut taken = VecDeque::new();
        while before.len() + taken.len() < at_most
            && let Some(owner) = state.requested.pop_front()
        {
            state.is_requested.remove(&owner.key());
            taken.push_back(owner);
        }
        while before.len() + taken.len() < at_most
            && let Some(added) = state.added.front_mut()
        {
            match added.advance() {
                Some(owner) => taken.push_back(owner),
                None => drop(state.added.pop_front()),
            }
        }
        // Nothing is left to wait for where the rest is not new.
        while state.added.front().is_some_and(|added| !added.has_more()) {
            state.added.pop_front();
        }
        let rest = at_most - before.len() - taken.len();
        let rest = state.again.len().min(rest);
        before.extend(state.again.drain(..rest));
        taken.extend(before);
        state.batches += 1;
        Batch {
            pending: self,
            left: taken,
            later: Vec::new(),
        }
    }

    /// Notes that the sessions of this owner are being ended; `None` if they already are.
    pub(crate) fn begin(&self, owner: OwnerKey) -> Option<Sweeping<'_>> {
        let is_first = self.lock().sweeping.insert(owner);
        is_first.then_some(Sweeping {
            pending: self,
            owner,
        })
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
            if !state.is_empty() || state.is_closed {
                return Poll::Ready(());
            }
            register(&mut state.waiting, context.waker());
            Poll::Pending
        })
        .await;
    }

    /// Waits until nothing is left, and nothing is being worked on.
    pub(crate) async fn wait_empty(&self) {
        poll_fn(|context| {
            let mut state = self.lock();
            if state.is_empty() && state.batches == 0 {
                return Poll::Ready(());
            }
            register(&mut state.draining, context.waker());
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half-done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn register(wakers: &mut Vec<Waker>, new: &Waker) {
    if !wakers.iter().any(|waker| waker.will_wake(new)) {
        wakers.push(new.clone());
    }
}

/// Held while the sessions of an owner are being ended.
pub(crate) struct Sweeping<'p> {
    pending: &'p PendingRevocations,
    owner: OwnerKey,
}

impl Drop for Sweeping<'_> {
    fn drop(&mut self) {
        self.pending.lock().sweeping.remove(&self.owner);
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
    left: VecDeque<Owner>,
    /// Those that could not be ended now.
    later: Vec<Owner>,
}

impl Batch<'_> {
    pub(crate) fn next(&self) -> Option<&Owner> {
        self.left.front()
    }

    /// The sessions of the next one are ended.
    pub(crate) fn done(&mut self) {
        self.left.pop_front();
    }

    /// The sessions of the next one cannot be ended now. It goes back behind the others, so that it
    /// does not hold them up.
    pub(crate) fn later(&mut self) {
        self.later.extend(self.left.pop_front());
    }
}

impl Drop for Batch<'_> {
    /// No worker is woken: another would meet the same failure.
    fn drop(&mut self) {
        let mut state = self.pending.lock();
        state.again.extend(self.left.drain(..));
        state.again.extend(self.later.drain(..));
        state.batches -= 1;
        let draining = match state.is_empty() {
            true => std::mem::take(&mut state.draining),
            false => Vec::new(),
        };
        drop(state);
        draining.into_iter().for_each(Waker::wake);
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

//! The sessions of one stream, and who waits for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use certsession_core::Handle;
use tokio::sync::{Notify, watch};

/// How many sessions one stream watches at the most.
pub(super) const TARGETS: usize = 100;

/// How long a session is still watched for which no one waits any more: those who watch it look at
/// it between two waits, and come back.
const LINGER: Duration = Duration::from_secs(10);

/// The sessions of one stream.
pub(super) struct Watched {
    state: Mutex<State>,
    /// Rung when a session joins.
    joined: Notify,
}

#[derive(Default)]
struct State {
    targets: HashMap<i32, Target>,
    ids: HashMap<Handle, i32>,
    last_id: i32,
    /// The stream has ended for want of sessions. None can join any more.
    is_over: bool,
}

struct Target {
    handle: Handle,
    waiters: usize,
    /// When the last one left.
    left_at: Instant,
    /// Whether something has happened that no one has heard yet.
    notified: watch::Sender<bool>,
    /// Whether the session has ended. That is for good: each who waits from now on is told.
    has_ended: bool,
    /// How many sign-ins the session had seen when it was first seen.
    epoch: Option<u64>,
}

/// Who waits for a session.
pub(super) struct Seat {
    watched: Arc<Watched>,
    id: i32,
    notified: watch::Receiver<bool>,
}

impl Watched {
    /// A stream for this session, and a seat at it.
    pub(super) fn new(handle: Handle) -> (Arc<Self>, Seat) {
        let this = Arc::new(Self {
            state: Mutex::default(),
            joined: Notify::new(),
        });
        let (id, notified) = this.lock().add(handle);
        let seat = Seat {
            watched: Arc::clone(&this),
            id,
            notified,
        };
        (this, seat)
    }

    /// A seat at a session that is watched already.
    pub(super) fn rejoin(self: &Arc<Self>, handle: Handle) -> Option<Seat> {
        let mut state = self.lock();
        let id = *state.ids.get(&handle)?;
        let target = state.targets.get_mut(&id)?;
        target.waiters += 1;
        Some(Seat {
            watched: Arc::clone(self),
            id,
            notified: target.notified.subscribe(),
        })
    }

    /// A seat at one that is not, if there is room.
    pub(super) fn join(self: &Arc<Self>, handle: Handle) -> Option<Seat> {
        let mut state = self.lock();
        if state.is_over || state.targets.len() >= TARGETS {
            return None;
        }
        let (id, notified) = state.add(handle);
        drop(state);
        self.joined.notify_one();
        Some(Seat {
            watched: Arc::clone(self),
            id,
            notified,
        })
    }

    pub(super) fn is_over(&self) -> bool {
        self.lock().is_over
    }

    /// Waits until a session may have joined.
    pub(super) async fn joined(&self) {
        self.joined.notified().await;
    }

    /// Every session by the number of its target.
    pub(super) fn targets(&self) -> Vec<(i32, Handle)> {
        let state = self.lock();
        let targets = state.targets.iter();
        targets.map(|(id, target)| (*id, target.handle)).collect()
    }

    /// The number of a session's target.
    pub(super) fn id(&self, handle: Handle) -> Option<i32> {
        self.lock().ids.get(&handle).copied()
    }

    /// Takes out the sessions for which no one has waited for a while. Where none is left, the
    /// stream is over.
    pub(super) fn sweep(&self) -> Vec<i32> {
        let mut state = self.lock();
        let is_left = |target: &Target| target.waiters == 0 && target.left_at.elapsed() >= LINGER;
        let left = state.targets.iter().filter(|(_, target)| is_left(target));
        let left: Vec<_> = left.map(|(id, _)| *id).collect();
        for id in &left {
            state.remove(*id);
        }
        state.is_over = state.targets.is_empty();
        left
    }

    /// The session has ended.
    pub(super) fn ended(&self, handle: Handle) {
        let mut state = self.lock();
        if let Some(target) = state.target(handle) {
            target.has_ended = true;
        }
        state.notify(handle);
    }

    /// The session of this target may have ended: those who watch it look.
    pub(super) fn may_have_ended(&self, id: i32) {
        if let Some(target) = self.lock().targets.get(&id) {
            target.notified.send_replace(true);
        }
    }

    /// The session is there, and has seen so many sign-ins.
    pub(super) fn seen(&self, handle: Handle, epoch: u64) {
        let mut state = self.lock();
        let Some(target) = state.target(handle) else {
            return;
        };
        if *target.epoch.get_or_insert(epoch) != epoch {
            target.epoch = Some(epoch);
            state.notify(handle);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, handle: Handle) -> (i32, watch::Receiver<bool>) {
        // Numbers have to be positive; those of long ago are free again.
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        let (sender, receiver) = watch::channel(false);
        let target = Target {
            handle,
            waiters: 1,
            left_at: Instant::now(),
            notified: sender,
            has_ended: false,
            epoch: None,
        };
        self.targets.insert(self.last_id, target);
        self.ids.insert(handle, self.last_id);
        (self.last_id, receiver)
    }

    fn remove(&mut self, id: i32) {
        if let Some(target) = self.targets.remove(&id) {
            self.ids.remove(&target.handle);
        }
    }

    fn target(&mut self, handle: Handle) -> Option<&mut Target> {
        let id = self.ids.get(&handle)?;
        self.targets.get_mut(id)
    }

    fn notify(&mut self, handle: Handle) {
        if let Some(target) = self.target(handle) {
            target.notified.send_replace(true);
        }
    }
}

impl Seat {
    /// Waits until something happens to the session, or has since someone last heard.
    pub(super) async fn wait(mut self) {
        // The sender is there for as long as the seat is.
        let _ = self.notified.wait_for(|notified| *notified).await;
        let state = self.watched.lock();
        if let Some(target) = state.targets.get(&self.id)
            && !target.has_ended
        {
            target.notified.send_replace(false);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.watched.lock();
        if let Some(target) = state.targets.get_mut(&self.id) {
            target.waiters -= 1;
            target.left_at = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn handle(number: u8) -> Handle {
        Handle::from_bytes([number; Handle::LENGTH])
    }

    fn is_ready(seat: Seat) -> bool {
        let waits = pin!(seat.wait());
        waits.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn what_happens_between_two_waits_is_heard_by_the_second() {
        let (watched, seat) = Watched::new(handle(1));
        watched.seen(handle(1), 0);
        assert!(!is_ready(seat));
        watched.seen(handle(1), 1);
        assert!(is_ready(watched.rejoin(handle(1)).unwrap()));
        assert!(!is_ready(watched.rejoin(handle(1)).unwrap()));
    }

    #[test]
    fn an_end_is_told_to_each_who_waits_from_then_on() {
        let (watched, _seat) = Watched::new(handle(1));
        watched.ended(handle(1));
        for _ in 0..2 {
            assert!(is_ready(watched.rejoin(handle(1)).unwrap()));
        }
    }

    #[test]
    fn a_change_is_told_where_the_session_has_changed_hands_alone() {
        let (watched, seat) = Watched::new(handle(1));
        watched.seen(handle(1), 0);
        watched.seen(handle(1), 0);
        assert!(!is_ready(seat));
        watched.seen(handle(1), 1);
        assert!(is_ready(watched.rejoin(handle(1)).unwrap()));
    }

    #[test]
    fn a_stream_takes_so_many_sessions_and_is_over_without_any() {
        let (watched, first) = Watched::new(handle(0));
        let seats: Vec<_> = (1..TARGETS as u8)
            .map(|n| watched.join(handle(n)).unwrap())
            .collect();
        assert!(watched.join(handle(200)).is_none());
        assert!(watched.rejoin(handle(200)).is_none());
        assert_eq!(watched.targets().len(), TARGETS);
        drop((first, seats));
        assert!(watched.sweep().is_empty());
        for target in watched.lock().targets.values_mut() {
            target.left_at -= LINGER;
        }
        assert_eq!(watched.sweep().len(), TARGETS);
        assert!(watched.is_over() && watched.join(handle(1)).is_none());
    }
}

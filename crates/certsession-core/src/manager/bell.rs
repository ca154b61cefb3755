//! Rings for those who watch a session when it ends by this process.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::event::SessionEvent;
use crate::handle::Handle;

/// Who waits for the end of which session. Only sessions that are watched are in here.
#[derive(Debug, Default)]
pub(crate) struct Bell(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    by_session: HashMap<Handle, HashMap<u64, Option<Waker>>>,
}

impl Bell {
    /// Wakes whoever watches the session that an event has ended.
    pub(crate) fn ring_for(&self, event: &SessionEvent) {
        let (SessionEvent::Ended { handle, .. } | SessionEvent::Revoked { handle, .. }) = event
        else {
            return;
        };
        let woken = self.lock().by_session.remove(handle).unwrap_or_default();
        woken.into_values().flatten().for_each(Waker::wake);
    }

    /// Waits until it rings for this session. It rings for those who wait already.
    pub(crate) async fn rung(&self, handle: Handle) {
        let seat = self.sit_down(handle);
        poll_fn(|context| match self.lock().seat(&seat) {
            None => Poll::Ready(()),
            Some(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await;
    }

    fn sit_down(&self, handle: Handle) -> Seat<'_> {
        let mut waiting = self.lock();
        let number = waiting.next;
        waiting.next += 1;
        let seats = waiting.by_session.entry(handle).or_default();
        seats.insert(number, None);
        Seat {
            bell: self,
            handle,
            number,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// None once it has rung.
    fn seat(&mut self, seat: &Seat<'_>) -> Option<&mut Option<Waker>> {
        let seats = self.by_session.get_mut(&seat.handle)?;
        seats.get_mut(&seat.number)
    }
}

/// The place of one who waits, given up with the wait.
struct Seat<'b> {
    bell: &'b Bell,
    handle: Handle,
    number: u64,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut waiting = self.bell.lock();
        if let Some(seats) = waiting.by_session.get_mut(&self.handle) {
            seats.remove(&self.number);
            if seats.is_empty() {
                waiting.by_session.remove(&self.handle);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Context;

    use super::*;
    use crate::event::EndReason;

    fn handle(byte: u8) -> Handle {
        Handle::from_bytes([byte; Handle::LENGTH])
    }

    fn end(byte: u8) -> SessionEvent {
        SessionEvent::Ended {
            handle: handle(byte),
            reason: EndReason::Requested,
        }
    }

    #[test]
    fn it_rings_for_all_who_watch_the_session_and_for_no_other() {
        let bell = Bell::default();
        let context = &mut Context::from_waker(Waker::noop());
        {
            let mut ours = [pin!(bell.rung(handle(1))), pin!(bell.rung(handle(1)))];
            let mut theirs = pin!(bell.rung(handle(2)));
            assert!(
                ours.iter_mut()
                    .all(|wait| wait.as_mut().poll(context).is_pending())
            );
            assert!(theirs.as_mut().poll(context).is_pending());
            bell.ring_for(&end(1));
            assert!(
                ours.iter_mut()
                    .all(|wait| wait.as_mut().poll(context).is_ready())
            );
            assert!(theirs.as_mut().poll(context).is_pending());
        }
        assert!(bell.lock().by_session.is_empty(), "nobody is left behind");
    }
}

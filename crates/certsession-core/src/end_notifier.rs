//! Notifies watchers when this process ends a session.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::event::SessionEvent;
use crate::handle::Handle;

/// The waiters for the end of each session. Only watched sessions are in here.
#[derive(Debug, Default)]
pub(crate) struct EndNotifier(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    by_session: HashMap<Handle, HashMap<u64, Option<Waker>>>,
}

impl EndNotifier {
    /// Wakes every waiter of the session that an event has ended.
    pub(crate) fn notify(&self, event: &SessionEvent) {
        let (SessionEvent::Ended { handle, .. } | SessionEvent::Revoked { handle, .. }) = event
        else {
            return;
        };
        let woken = self.lock().by_session.remove(handle).unwrap_or_default();
        woken.into_values().flatten().for_each(Waker::wake);
    }

    /// Waits until this session is notified. A notification reaches only callers that already wait.
    pub(crate) async fn notified(&self, handle: Handle) {
        let waiter = self.wait(handle);
        poll_fn(|context| match self.lock().waiter(&waiter) {
            None => Poll::Ready(()),
            Some(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await;
    }

    fn wait(&self, handle: Handle) -> Waiter<'_> {
        let mut waiting = self.lock();
        let number = waiting.next;
        waiting.next += 1;
        let waiters = waiting.by_session.entry(handle).or_default();
        waiters.insert(number, None);
        Waiter {
            end_notifier: self,
            handle,
            number,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Returns `None` once the session has been notified.
    fn waiter(&mut self, waiter: &Waiter<'_>) -> Option<&mut Option<Waker>> {
        let waiters = self.by_session.get_mut(&waiter.handle)?;
        waiters.get_mut(&waiter.number)
    }
}

/// A waiter's place in the map, removed when it is dropped.
struct Waiter<'b> {
    end_notifier: &'b EndNotifier,
    handle: Handle,
    number: u64,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut waiting = self.end_notifier.lock();
        if let Some(waiters) = waiting.by_session.get_mut(&self.handle) {
            waiters.remove(&self.number);
            if waiters.is_empty() {
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
    fn it_notifies_every_watcher_of_the_session_and_no_other() {
        let end_notifier = EndNotifier::default();
        let context = &mut Context::from_waker(Waker::noop());
        {
            let mut ours = [
                pin!(end_notifier.notified(handle(1))),
                pin!(end_notifier.notified(handle(1))),
            ];
            let mut theirs = pin!(end_notifier.notified(handle(2)));
            assert!(
                ours.iter_mut()
                    .all(|wait| wait.as_mut().poll(context).is_pending())
            );
            assert!(theirs.as_mut().poll(context).is_pending());
            end_notifier.notify(&end(1));
            assert!(
                ours.iter_mut()
                    .all(|wait| wait.as_mut().poll(context).is_ready())
            );
            assert!(theirs.as_mut().poll(context).is_pending());
        }
        assert!(
            end_notifier.lock().by_session.is_empty(),
            "a waiter is left behind"
        );
    }
}

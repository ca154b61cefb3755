//! A gate that holds a store operation until a test releases it.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// A gate that holds a store operation until a test releases it. Clones are the same gate.
///
/// It needs no runtime: it wakes its waiters itself.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    has_arrived: bool,
    is_open: bool,
    waiting: Vec<Waker>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Waits until the operation has reached the gate.
    pub async fn arrived(&self) {
        self.wait(|state| state.has_arrived).await;
    }

    /// Lets the operation continue.
    pub fn release(&self) {
        self.change(|state| state.is_open = true);
    }

    /// Reaches the gate and waits until it opens.
    pub(super) async fn pass(&self) {
        self.change(|state| state.has_arrived = true);
        self.wait(|state| state.is_open).await;
    }

    async fn wait(&self, is_over: impl Fn(&State) -> bool) {
        poll_fn(|context| {
            let mut state = self.lock();
            if is_over(&state) {
                return Poll::Ready(());
            }
            state.waiting.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

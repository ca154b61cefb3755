//! The starting line of a race.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

/// A barrier where the tasks of a race wait until all of them have arrived.
///
/// The tasks spin instead of sleeping, so that all start at the same moment and not one after
/// another as they are woken. They yield while they spin, so that a runtime with fewer threads than
/// tasks also makes progress.
#[derive(Clone)]
pub(super) struct StartingLine(Arc<AtomicUsize>);

impl StartingLine {
    pub(super) fn for_tasks(tasks: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(tasks)))
    }

    pub(super) async fn wait(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
        while self.0.load(Ordering::Acquire) > 0 {
            yield_once().await;
        }
    }
}

/// Yields to other tasks once.
pub(super) async fn yield_once() {
    let mut has_waited = false;
    poll_fn(|context| {
        if has_waited {
            return Poll::Ready(());
        }
        has_waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

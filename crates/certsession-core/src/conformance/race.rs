//! Where the tasks of a race wait for each other.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

/// Where the tasks of a race wait until all of them have come.
///
/// They wait awake, so that all leave at the same moment and not one after another as they are
/// woken; and they give way to the others, so that a runtime with fewer threads than tasks
/// comes to an end.
#[derive(Clone)]
pub(super) struct StartingLine(Arc<AtomicUsize>);

impl StartingLine {
    pub(super) fn for_tasks(tasks: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(tasks)))
    }

    pub(super) async fn wait(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
        while self.0.load(Ordering::Acquire) > 0 {
            give_way().await;
        }
    }
}

/// Lets other tasks run once.
pub(super) async fn give_way() {
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

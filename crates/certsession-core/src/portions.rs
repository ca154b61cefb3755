//! Long work in portions, so that a thread which serves requests serves them in between.

use std::future::poll_fn;
use std::task::Poll;

/// How many sessions are ended at a time: it takes well under a millisecond.
pub(crate) const PORTION: usize = 256;

/// Returns to the executor once, which runs other tasks before it comes back.
pub(crate) async fn let_others_run() {
    let mut has_returned = false;
    poll_fn(|context| {
        if has_returned {
            return Poll::Ready(());
        }
        has_returned = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

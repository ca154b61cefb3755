//! Long work in portions, so that a thread which serves requests serves them in between.

use std::future::poll_fn;
use std::task::Poll;

/// How many sessions are ended, or reported as ended, at a time. A runtime such as Tokio's looks for
/// new input after some sixty tasks, if there is always one that can run: so these many times sixty
/// are what a request may wait for, a few milliseconds.
pub(crate) const PORTION: usize = 16;

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

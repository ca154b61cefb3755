//! The rest of a request that gets no session.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use bytes::Buf;
use http_body::Body as HttpBody;

/// The most that is read of a body, in bytes, and the longest that it may take to arrive.
const MOST: usize = 64 * 1024;
const LONGEST: Duration = Duration::from_secs(1);

/// Reads the body of a request that is refused, if it is a small one.
///
/// Over HTTP/2 a response that comes before the body makes the server reset the stream, without
/// an error (RFC 9113 section 8.1). Some clients, curl 7.88 among them, then report an error in
/// place of the response, so that the user would not learn of the refusal.
pub(crate) async fn drain<B: HttpBody>(body: B) {
    if body.is_end_stream() {
        return;
    }
    let read = async {
        let mut body = pin!(body);
        let mut left = MOST;
        while let Some(Ok(frame)) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
            let length = frame.data_ref().map_or(0, Buf::remaining);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // The response is the same, whether the body arrives or not.
    let _ = tokio::time::timeout(LONGEST, read).await;
}

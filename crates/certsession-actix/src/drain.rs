//! The rest of a request that gets no session.

use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::{rt, web};

/// The most that is read of a body, in bytes, and the longest that it may take to arrive.
const MOST: usize = 64 * 1024;
const LONGEST: Duration = Duration::from_secs(1);

/// Reads the body of a request that is refused, if it is a small one.
///
/// Over HTTP/2 a response that comes before the body makes the server reset the stream, without
/// an error (RFC 9113 section 8.1). Some clients, curl 7.88 among them, then report an error in
/// place of the response, so that the user would not learn of the refusal.
pub(crate) async fn drain(request: &mut ServiceRequest) {
    if let Ok(body) = request.extract::<web::Payload>().await {
        // The response is the same, whether the body arrives or not.
        let _ = rt::time::timeout(LONGEST, body.to_bytes_limited(MOST)).await;
    }
}

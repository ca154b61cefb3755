//! Steps that go through even if the request that asked for them does not.

use std::future::Future;

use actix_web::rt;
use certsession_core::{StoreError, StoreErrorKind};

use crate::error::Error;

/// Runs a step in a task of its own, and waits for it. Whoever drops the wait (a client that
/// hangs up, a timeout of the handler's) does not stop the step half-way.
pub(crate) async fn detached<T: 'static>(
    step: impl Future<Output = Result<T, Error>> + 'static,
) -> Result<T, Error> {
    match rt::spawn(step).await {
        Ok(result) => result,
        // The step panicked, or the runtime is going down.
        Err(stopped) => Err(StoreError::with_source(StoreErrorKind::Unavailable, stopped).into()),
    }
}

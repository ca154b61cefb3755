//! The size of the middleware's future.

use std::future::{Ready, ready};

use actix_web::HttpResponse;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, fn_service};
use actix_web::test::TestRequest;
use certsession_actix::{CertSessionMiddleware, MemoryStore, SessionStore};
use certsession_redis::RedisStore;
use serde::{Deserialize, Serialize};

use crate::Fault;

/// The maximum size in bytes: each request moves the future to the heap, and 8 KB of it cost 9,000
/// instructions.
pub(crate) const MOST: usize = 2_048;

/// The size of the future of one request in bytes, around a service that is ready at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sizes {
    pub(crate) memory: usize,
    pub(crate) redis: usize,
}

impl Sizes {
    pub(crate) fn measure(redis: &str) -> Result<Self, Fault> {
        // The middleware spawns a task on the runtime.
        actix_web::rt::System::new().block_on(async {
            Ok(Self {
                memory: size(MemoryStore::new()).await?,
                redis: size(RedisStore::connect(redis).await?).await?,
            })
        })
    }
}

async fn size<S: SessionStore>(store: S) -> Result<usize, Fault> {
    let made = CertSessionMiddleware::new(store).new_transform(fn_service(answer));
    let service = made.await.map_err(|()| "the middleware cannot be made")?;
    let request = TestRequest::get().to_srv_request();
    Ok(size_of_val(&*service.call(request)))
}

fn answer(request: ServiceRequest) -> Ready<Result<ServiceResponse, actix_web::Error>> {
    ready(Ok(request.into_response(HttpResponse::Ok())))
}

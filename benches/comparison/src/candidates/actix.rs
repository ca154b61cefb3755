//! Shared parts of the applications on actix-web.

use actix_web::HttpResponse;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::{COOKIE, HeaderMap};
use actix_web::test::TestRequest;
use certsession_actix::test_util::TestRequestExt;
use serde::Deserialize;

use crate::candidate::{Reply, Request, Waiting};

/// The query of a request.
#[derive(Debug, Deserialize)]
pub(super) struct Pair {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

/// Sends a request through an application, like its server.
pub(super) type Send = Box<dyn Fn(Request) -> Waiting<Reply>>;

pub(super) fn sender<S, B>(application: S) -> Send
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>
        + 'static,
    B: MessageBody + 'static,
{
    Box::new(move |request| {
        let mut sent = TestRequest::get().uri(&request.target);
        if let Some(cookie) = request.cookie {
            sent = sent.insert_header((COOKIE, cookie));
        }
        let answer = application.call(sent.to_request_from(request.peer));
        Box::pin(async move {
            match answer.await {
                Ok(response) => {
                    let (status, fields) = (response.status(), fields(response.headers()));
                    reply(status.as_u16(), fields, response.into_body()).await
                }
                // The server turns an error that leaves the application into a response.
                Err(error) => {
                    let response = error.error_response();
                    let (status, fields) = (response.status(), fields(response.headers()));
                    reply(status.as_u16(), fields, response.into_body()).await
                }
            }
        })
    })
}

async fn reply(status: u16, fields: Vec<(String, String)>, body: impl MessageBody) -> Reply {
    let body = to_bytes(body).await.unwrap_or_default();
    Reply {
        status,
        body: String::from_utf8_lossy(&body).into_owned(),
        fields,
    }
}

fn fields(headers: &HeaderMap) -> Vec<(String, String)> {
    let fields = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    fields.collect()
}

/// The response of a handler that succeeded.
pub(super) fn done() -> HttpResponse {
    HttpResponse::Ok().body("done")
}

/// The error of a handler or a middleware that fails for a reason unrelated to sessions.
pub(super) fn failure() -> actix_web::Error {
    ErrorInternalServerError("a failure that has nothing to do with the session")
}

/// A scope whose middleware fails after the handler.
macro_rules! failing_scope {
    ($path:literal, $handler:expr) => {
        actix_web::web::scope("/failing")
            .wrap_fn(|request, service| {
                let answer = actix_web::dev::Service::call(service, request);
                async move {
                    answer.await?;
                    Err::<actix_web::dev::ServiceResponse, _>($crate::candidates::actix::failure())
                }
            })
            .route($path, actix_web::web::get().to($handler))
    };
}

pub(super) use failing_scope;

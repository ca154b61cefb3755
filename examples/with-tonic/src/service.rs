//! The service: four methods over the session of the call.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use certsession_axum::{CertSession, Error, SignIn};
use futures_util::stream::{self, BoxStream, StreamExt};
use http::Request;
use http::header::{CONTENT_TYPE, SET_COOKIE};
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::{Code, Response, Status};
use tonic_prost::ProstCodec;
use tower_service::Service;
use with_tonic::{Name, SIGN_IN, SIGN_OUT, WATCH, WHO_AM_I};

type Call<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a gRPC client sees of an error of the session.
fn status_of(error: Error) -> Status {
    // The text for the public, without the causes that are for the log.
    Status::new(code_of(error.status()), error.to_response().body.trim_end())
}

/// What a gRPC client sees of a response that is none of gRPC's: a refusal of the layer. The cookie
/// that such a response may remove stays on it.
pub(crate) fn as_grpc<B>(response: http::Response<B>) -> http::Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let kind = response.headers().get(CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc")) {
        return response.map(Body::new);
    }
    let code = code_of(response.status().as_u16());
    let mut grpc = Status::new(code, "the session was refused").into_http();
    let headers = response.into_parts().0.headers;
    for cookie in headers.get_all(SET_COOKIE) {
        grpc.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    grpc
}

fn code_of(status: u16) -> Code {
    match status {
        400 | 413 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        409 => Code::Aborted,
        503 => Code::Unavailable,
        _ => Code::Internal,
    }
}

/// The service `notes.Notes`.
#[derive(Clone, Copy)]
pub(crate) struct Notes;

impl NamedService for Notes {
    const NAME: &'static str = "notes.Notes";
}

impl Service<Request<Body>> for Notes {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Call<Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move {
            let method = match request.uri().path() {
                SIGN_IN => Method::SignIn,
                WHO_AM_I => Method::WhoAmI,
                SIGN_OUT => Method::SignOut,
                WATCH => {
                    let mut grpc = Grpc::new(ProstCodec::default());
                    return Ok(grpc.server_streaming(Watch, request).await);
                }
                _ => return Ok(Status::unimplemented("no such method").into_http()),
            };
            let mut grpc = Grpc::new(ProstCodec::default());
            Ok(grpc.unary(method, request).await)
        })
    }
}

enum Method {
    SignIn,
    WhoAmI,
    SignOut,
}

impl UnaryService<Name> for Method {
    type Response = Name;
    type Future = Call<Result<Response<Name>, Status>>;

    fn call(&mut self, request: tonic::Request<Name>) -> Self::Future {
        let done = CertSession::from_extensions(request.extensions()).and_then(|session| {
            let name = match self {
                Self::SignIn => {
                    let name = request.into_inner().name;
                    session.sign_in(SignIn::principal(&name))?;
                    name
                }
                Self::WhoAmI => principal(&session)?,
                Self::SignOut => {
                    let name = principal(&session)?;
                    session.sign_out()?;
                    name
                }
            };
            Ok(Response::new(Name { name }))
        });
        Box::pin(async move { done.map_err(status_of) })
    }
}

struct Watch;

impl ServerStreamingService<Name> for Watch {
    type Response = Name;
    type ResponseStream = BoxStream<'static, Result<Name, Status>>;
    type Future = Call<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Name>) -> Self::Future {
        let session = CertSession::from_extensions(request.extensions());
        Box::pin(async move {
            let session = session.map_err(status_of)?;
            let name = principal(&session).map_err(status_of)?;
            let mut ended = Box::pin(session.ended());
            let end = poll_fn(move |context| ended.as_mut().poll(context));
            let first = stream::iter([Ok(Name { name })]);
            let last =
                stream::once(end).map(|_| Err(Status::unauthenticated("the session has ended")));
            Ok(Response::new(first.chain(last).boxed()))
        })
    }
}

fn principal(session: &CertSession) -> Result<String, Error> {
    Ok(session.signed_in()?.to_string())
}

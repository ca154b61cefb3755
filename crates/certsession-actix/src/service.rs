//! One request through the middleware.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, COOKIE, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::header::{SET_COOKIE, VARY};
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use certsession_core::{PeerState, SessionStore};
use certsession_http::{
    ClientAddress, Field, HeadChanges, HeaderFields, Hop, RequestHead, SessionDriver, SetUpFault,
    SetUpFaultKind, Settled, TrustedProxies, UnwritableField, is_certificate_field,
    report_direct_certificate_field,
};

use crate::drain::drain;
use crate::error::Error;
use crate::extract::Opened;

const PEER_UNKNOWN: SetUpFault = SetUpFault::new(
    SetUpFaultKind::PeerUnknown,
    "no peer certificate was captured on this connection: bind the server with \
     `HttpServer::bind_mutual_tls`, or call `.on_connect(certsession_actix::capture_peer(verifier))` \
     before `bind_*` (actix ignores it afterwards, and on the socket of `bind_uds` it runs no hook \
     at all)",
);

/// The peer of a connection, as it lies in the connection's extensions.
///
/// A type of this crate alone, so that nothing else can put a peer there.
#[cfg_attr(
    not(any(feature = "rustls-0_23", feature = "openssl")),
    allow(dead_code, reason = "the hook of a TLS stack makes it")
)]
#[derive(Debug, Clone)]
pub(crate) enum CapturedPeer {
    /// The client itself.
    Direct(PeerState),
    /// A sender that says who its clients are, request by request.
    Proxy {
        proxies: TrustedProxies,
        sender: Sender,
    },
}

/// The sender of a connection to a socket for proxies.
#[cfg_attr(
    not(any(feature = "rustls-0_23", feature = "openssl")),
    allow(dead_code, reason = "the hook of a TLS stack makes it")
)]
#[derive(Debug, Clone)]
pub(crate) enum Sender {
    Tls {
        peer: PeerState,
        address: Option<IpAddr>,
    },
    UnixSocket,
}

impl Sender {
    const fn hop(&self) -> Hop<'_> {
        match self {
            Self::Tls { peer, address } => Hop::Tls {
                peer,
                address: *address,
            },
            Self::UnixSocket => Hop::UnixSocket,
        }
    }
}

/// The service that [`CertSessionMiddleware`](crate::CertSessionMiddleware) puts around another.
#[allow(missing_debug_implementations, reason = "only actix names it")]
pub struct CertSessionService<S, I>(Rc<Parts<S, I>>);

/// Which requests the store itself has to judge.
pub(crate) type ReadThrough = Arc<dyn Fn(&ServiceRequest) -> bool + Send + Sync>;

/// What each request's future keeps, as it outlives the call.
struct Parts<S, I> {
    inner: I,
    driver: SessionDriver<S>,
    read_through: Option<ReadThrough>,
}

impl<S: SessionStore, I> CertSessionService<S, I> {
    pub(crate) fn new(
        inner: I,
        driver: SessionDriver<S>,
        read_through: Option<ReadThrough>,
    ) -> Self {
        Self(Rc::new(Parts {
            inner,
            driver,
            read_through,
        }))
    }
}

impl<S, I, B> Service<ServiceRequest> for CertSessionService<S, I>
where
    S: SessionStore,
    I: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.inner.poll_ready(context)
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let parts = Rc::clone(&self.0);
        Box::pin(async move {
            // In here, as each function would be a layer more in every request's future.
            let forwarded = take_forwarded(&mut request);
            let test_peer;
            let peer = match (&forwarded, request.conn_data()) {
                (Some(forwarded), _) => Some(forwarded),
                (None, Some(CapturedPeer::Direct(peer))) => Some(peer),
                (None, _) => {
                    test_peer = peer_of_test(&request);
                    test_peer.as_deref()
                }
            };
            let opened = match peer {
                Some(peer) => parts.driver.open(parts.head(&request, peer)).await,
                None => Err(PEER_UNKNOWN.report()),
            };
            let opened = match opened {
                Ok(opened) if forwarded.is_some() => opened.forwarded(),
                Ok(opened) => opened,
                Err(error) => return Ok(Box::pin(refuse(request, error.into())).await),
            };
            let session = Opened(opened.session().clone());
            request.extensions_mut().insert(session);
            let result = parts.inner.call(request).await;
            respond(result, parts.driver.settle(opened).await)
        })
    }
}

/// The peer that a proxy forwards with this request, if the request came to a socket for proxies. In
/// any case the fields that say who a client is are gone afterwards.
fn take_forwarded(request: &mut ServiceRequest) -> Option<PeerState> {
    let Some(CapturedPeer::Proxy { proxies, sender }) = request.conn_data() else {
        let name = request
            .headers()
            .keys()
            .find(|name| is_certificate_field(name.as_ref()))?;
        report_direct_certificate_field(name.as_str());
        // Only here: it needs the one reference to the request, which an outer middleware may have
        // copied.
        let headers = request.headers_mut();
        headers.retain(|name, _| !is_certificate_field(name.as_ref()));
        return None;
    };
    let fields = request.headers().iter();
    let fields = fields.map(|(name, value)| (name.as_ref(), value.as_bytes()));
    let forwarded = proxies.peer_of(sender.hop(), fields);
    let proxies = proxies.clone();
    let headers = request.headers_mut();
    headers.retain(|name, _| !proxies.is_hidden_field(name.as_ref()));
    if let Some(address) = forwarded.client_address {
        request.extensions_mut().insert(ClientAddress::new(address));
    }
    Some(forwarded.peer)
}

impl<S: SessionStore, I> Parts<S, I> {
    fn head<'r>(
        &self,
        request: &'r ServiceRequest,
        peer: &'r PeerState,
    ) -> RequestHead<'r, impl Iterator<Item = &'r [u8]> + use<'r, S, I>> {
        RequestHead {
            cookies: request.headers().get_all(COOKIE).map(HeaderValue::as_bytes),
            peer,
            reads_near: self.reads_near(request),
        }
    }

    /// Whether a copy of the session may serve the request: it only reads.
    fn reads_near(&self, request: &ServiceRequest) -> bool {
        let reads_through = |read_through: &ReadThrough| read_through(request);
        request.method().is_safe() && !self.read_through.as_ref().is_some_and(reads_through)
    }
}

/// A refusal is an ordinary response: access logs, default header fields, CORS and error pages of
/// the middleware around this one see it.
async fn refuse<B>(mut request: ServiceRequest, error: Error) -> ServiceResponse<EitherBody<B>> {
    drain(&mut request).await;
    let response = request.into_response(HttpResponse::from_error(error));
    response.map_into_right_body()
}

/// The peer that a test has set. A connection that came through the hook never gets here.
#[cfg(feature = "test-util")]
fn peer_of_test(request: &ServiceRequest) -> Option<Rc<PeerState>> {
    crate::test_util::peer_of(request)
}

#[cfg(not(feature = "test-util"))]
fn peer_of_test(_: &ServiceRequest) -> Option<Rc<PeerState>> {
    None
}

/// The handler's response with the cookie on it; if the commit failed, that failure instead.
fn respond<B>(
    result: Result<ServiceResponse<B>, actix_web::Error>,
    settled: Settled,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let mut response = match (result, settled.committed) {
        (Ok(response), Ok(())) => response.map_into_left_body(),
        (Ok(response), Err(error)) => {
            let (request, _) = response.into_parts();
            let failed = HttpResponse::from_error(Error::from(error));
            ServiceResponse::new(request, failed).map_into_right_body()
        }
        // An inner middleware failed. Its error keeps its own way through the middleware around
        // this one, as actix-web has it.
        (Err(inner), committed) => {
            let error = committed.map_or_else(|error| Error::from(error).into(), |()| inner);
            return Err(match settled.head {
                Some(head) => MarkedError { error, head }.into(),
                None => error,
            });
        }
    };
    if let Some(head) = settled.head {
        let headers = &mut Headers(response.headers_mut());
        head.apply(headers)
            .map_err(actix_web::error::ErrorInternalServerError)?;
    }
    Ok(response)
}

struct Headers<'h>(&'h mut HeaderMap);

fn name_of(field: Field) -> HeaderName {
    match field {
        Field::Vary => VARY,
        // Of the fields that the driver touches, the others are cache directives.
        _ => CACHE_CONTROL,
    }
}

impl HeaderFields for Headers<'_> {
    fn contains(&self, field: Field) -> bool {
        self.0.contains_key(name_of(field))
    }

    fn set(&mut self, field: Field, value: &'static str) {
        self.0
            .insert(name_of(field), HeaderValue::from_static(value));
    }

    fn add(&mut self, field: Field, value: &'static str) {
        self.0
            .append(name_of(field), HeaderValue::from_static(value));
    }

    fn add_set_cookie(&mut self, value: &str) -> Result<(), UnwritableField> {
        let mut value = HeaderValue::from_str(value).map_err(|_| UnwritableField)?;
        value.set_sensitive(true);
        self.0.append(SET_COOKIE, value);
        Ok(())
    }
}

/// An error that leaves the application with the session's cookie on it.
#[derive(Debug)]
struct MarkedError {
    error: actix_web::Error,
    head: HeadChanges,
}

impl ResponseError for MarkedError {
    fn status_code(&self) -> StatusCode {
        self.error.as_response_error().status_code()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = self.error.error_response();
        match self.head.apply(&mut Headers(response.headers_mut())) {
            Ok(()) => response,
            Err(_) => HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

impl std::fmt::Display for MarkedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

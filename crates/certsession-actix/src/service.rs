//! One request through the middleware.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_http::ConnectionType;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, COOKIE, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::header::{HOST, ORIGIN, SET_COOKIE, UPGRADE, VARY};
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use certsession_core::{Device, PeerState, RequestInfo, SessionStore};
use certsession_http::{
    FieldValue, HeadChanges, HeaderFields, RequestHead, SessionDriver, SetUpFault, SetUpFaultKind,
    Settled, SiteFields, UnwritableField, upgrades_to_web_socket,
};

#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
use crate::close::Closer;
use crate::drain::drain;
use crate::error::{CertificateRefused, Error};
use crate::extract::Opened;
use crate::peer;

const PEER_UNKNOWN: SetUpFault = SetUpFault::new(
    SetUpFaultKind::PeerUnknown,
    "no peer certificate was captured on this connection: bind the server with \
     `HttpServer::bind_mutual_tls`, or call `.on_connect(certsession_actix::capture_peer(verifier))` \
     before `bind_*` (actix ignores it afterwards, and on the socket of `bind_uds` it runs no hook \
     at all)",
);

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The service that [`CertSessionMiddleware`](crate::CertSessionMiddleware) puts around another.
#[allow(missing_debug_implementations, reason = "only actix names it")]
pub struct CertSessionService<S, I>(Rc<Parts<S, I>>);

/// Which requests the store itself has to judge.
pub(crate) type ReadThrough = Arc<dyn Fn(&ServiceRequest) -> bool + Send + Sync>;

/// What is known of a request's device.
pub(crate) type DeviceOf = Arc<dyn Fn(&ServiceRequest) -> Device + Send + Sync>;

/// What each request's future keeps, as it outlives the call.
struct Parts<S, I> {
    inner: I,
    driver: SessionDriver<S>,
    read_through: Option<ReadThrough>,
    device: Option<DeviceOf>,
}

impl<S: SessionStore, I> CertSessionService<S, I> {
    pub(crate) fn new(
        inner: I,
        driver: SessionDriver<S>,
        read_through: Option<ReadThrough>,
        device: Option<DeviceOf>,
    ) -> Self {
        Self(Rc::new(Parts {
            inner,
            driver,
            read_through,
            device,
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
            #[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
            let _in_progress = peer::closer_of(request.request()).map(Closer::begin_request);
            let origin = match peer::take_peer(&mut request) {
                Ok(origin) => origin,
                Err(fault) => return Ok(Box::pin(refuse(request, fault.report().into())).await),
            };
            let (is_forwarded, has_upgrade) = (origin.is_forwarded, origin.has_upgrade);
            let opened = match origin.peer {
                Some(peer) => {
                    let head = parts.head(&request, &peer, is_forwarded, has_upgrade);
                    parts.driver.open(head).await
                }
                None => Err(PEER_UNKNOWN.report()),
            };
            let opened = match opened {
                Ok(opened) if is_forwarded => opened.forwarded(),
                Ok(opened) => opened,
                Err(error) => {
                    let mut response = Box::pin(refuse(request, error.into())).await;
                    close_if_refused(&mut response, is_forwarded);
                    return Ok(response);
                }
            };
            if let Some(device) = &parts.device {
                opened.session().offer_device(device(&request));
            }
            Opened::enter(&mut request.extensions_mut(), opened.session().clone());
            let result = parts.inner.call(request).await;
            respond(result, parts.driver.settle(opened).await, is_forwarded)
        })
    }
}

impl<S: SessionStore, I> Parts<S, I> {
    fn head<'r>(
        &self,
        request: &'r ServiceRequest,
        peer: &'r PeerState,
        is_forwarded: bool,
        has_upgrade: bool,
    ) -> RequestHead<'r, impl Iterator<Item = &'r [u8]> + use<'r, S, I>> {
        RequestHead {
            cookies: request.headers().get_all(COOKIE).map(HeaderValue::as_bytes),
            peer,
            reads_near: self.reads_near(request),
            request: RequestInfo {
                method: Some(request.method().as_str()),
                path: Some(request.path()),
                client: peer::address_of(request, is_forwarded),
            },
            site: site_fields(request, has_upgrade),
        }
    }

    /// Whether a copy of the session may serve the request: it only reads.
    fn reads_near(&self, request: &ServiceRequest) -> bool {
        let reads_through = |read_through: &ReadThrough| read_through(request);
        request.method().is_safe() && !self.read_through.as_ref().is_some_and(reads_through)
    }
}

/// What the cross-site guard asks for. (actix-web knows no extended CONNECT.)
fn site_fields(request: &ServiceRequest, has_upgrade: bool) -> SiteFields<'_> {
    let headers = request.headers();
    let values = |name| headers.get_all(name).map(HeaderValue::as_bytes);
    let opens_web_socket = has_upgrade && upgrades_to_web_socket(values(UPGRADE));
    if request.method().is_safe() && !opens_web_socket {
        // The guard looks at nothing else then, so nothing is looked up.
        return SiteFields::default();
    }
    let authority = request.uri().authority();
    SiteFields {
        fetch_site: FieldValue::of(values(SEC_FETCH_SITE)),
        origin: FieldValue::of(values(ORIGIN)),
        host: match authority {
            Some(authority) => FieldValue::One(authority.as_str().as_bytes()),
            None => FieldValue::of(values(HOST)),
        },
        opens_web_socket,
        is_development: peer::is_development(request),
    }
}

/// A refusal is an ordinary response: access logs, default header fields, CORS and error pages of
/// the middleware around this one see it.
async fn refuse<B>(mut request: ServiceRequest, error: Error) -> ServiceResponse<EitherBody<B>> {
    drain(&mut request).await;
    let response = request.into_response(HttpResponse::from_error(error));
    response.map_into_right_body()
}

/// A refused certificate closes the connection of its client: over HTTP/1.1 the response says so, and
/// over HTTP/2 this does it. The connection of a proxy serves others too.
fn close_if_refused<B>(response: &mut ServiceResponse<B>, is_forwarded: bool) {
    if !is_forwarded
        && response.status() == StatusCode::FORBIDDEN
        && response
            .response()
            .extensions()
            .contains::<CertificateRefused>()
    {
        #[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
        if let Some(closer) = peer::closer_of(response.request()) {
            closer.close_soon();
        }
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
}

/// The handler's response with the cookie on it; if the commit failed, that failure instead.
fn respond<B>(
    result: Result<ServiceResponse<B>, actix_web::Error>,
    settled: Settled,
    is_forwarded: bool,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let response = match result {
        Ok(response) => response,
        // An inner middleware failed. Its error keeps its own way through the middleware around
        // this one, as actix-web has it.
        Err(inner) => {
            let committed = settled.committed;
            let error = committed.map_or_else(|error| Error::from(error).into(), |()| inner);
            return Err(match settled.head {
                Some(head) => MarkedError { error, head }.into(),
                None => error,
            });
        }
    };
    let mut response = match settled.committed {
        Ok(()) => response.map_into_left_body(),
        Err(error) => {
            let (request, _) = response.into_parts();
            let failed = HttpResponse::from_error(Error::from(error));
            ServiceResponse::new(request, failed).map_into_right_body()
        }
    };
    if let Some(head) = settled.head {
        let headers = &mut Headers(response.headers_mut());
        head.apply(headers)
            .map_err(actix_web::error::ErrorInternalServerError)?;
    }
    close_if_refused(&mut response, is_forwarded);
    Ok(response)
}

struct Headers<'h>(&'h mut HeaderMap);

// Checked by the compiler, and not for each response.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const COOKIE_VALUE: HeaderValue = HeaderValue::from_static("Cookie");

impl HeaderFields for Headers<'_> {
    fn has_cache_control(&self) -> bool {
        self.0.contains_key(CACHE_CONTROL)
    }

    fn set_no_store(&mut self) {
        self.0.insert(CACHE_CONTROL, NO_STORE);
    }

    fn add_vary_cookie(&mut self) {
        self.0.append(VARY, COOKIE_VALUE);
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

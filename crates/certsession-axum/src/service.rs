//! One request through the layer.
//!
//! The way of a request is [`certsession_http`]'s driver; this file says where tower and the `http`
//! crate keep the parts.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::BoxError;
use axum_core::body::Body;
use axum_core::response::IntoResponse;
use bytes::Bytes;
use certsession_core::{Device, PeerState, RequestInfo, SessionStore};
use certsession_http::{
    FieldValue, HeaderFields, RequestHead, SessionDriver, SetUpFault, SetUpFaultKind, Settled,
    SiteFields, UnwritableField, upgrades_to_web_socket,
};
use http::header::{CACHE_CONTROL, CONNECTION, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue};
use http::header::{ORIGIN, SET_COOKIE, UPGRADE, VARY};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version};
use http_body::Body as HttpBody;
use tower_service::Service;

use crate::drain::drain;
use crate::error::{CertificateRefused, Error};
use crate::extract::Opened;
use crate::peer::{self, Origin};

const PEER_UNKNOWN: SetUpFault = SetUpFault::new(
    SetUpFaultKind::PeerUnknown,
    "no peer certificate was captured on this connection: serve with \
     `certsession_axum::serve(listener, tls, app)`, or with `axum::serve(MutualTlsListener::new(..), \
     app.into_make_service_with_peer())`, where `into_make_service_with_peer` is what hands the \
     peer on; behind the acceptor of another crate, add a layer after (so outside of) \
     CertSessionLayer that puts a `VouchedPeer` into the request's extensions",
);

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The service that [`CertSessionLayer`](crate::CertSessionLayer) puts around another.
pub struct CertSessionService<S, I> {
    inner: I,
    rules: Rules<S>,
}

/// Which requests the store itself has to judge.
pub(crate) type ReadThrough = Arc<dyn Fn(&Parts) -> bool + Send + Sync>;

/// What is known of a request's device.
pub(crate) type DeviceOf = Arc<dyn Fn(&Parts) -> Device + Send + Sync>;

/// What each request's future keeps, as it outlives the call.
struct Rules<S> {
    driver: SessionDriver<S>,
    read_through: Option<ReadThrough>,
    device: Option<DeviceOf>,
}

impl<S, I> CertSessionService<S, I> {
    pub(crate) const fn new(
        inner: I,
        driver: SessionDriver<S>,
        read_through: Option<ReadThrough>,
        device: Option<DeviceOf>,
    ) -> Self {
        Self {
            inner,
            rules: Rules {
                driver,
                read_through,
                device,
            },
        }
    }
}

impl<S, I: Clone> Clone for CertSessionService<S, I> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            rules: self.rules.clone(),
        }
    }
}

impl<S> Clone for Rules<S> {
    fn clone(&self) -> Self {
        Self {
            driver: self.driver.clone(),
            read_through: self.read_through.clone(),
            device: self.device.clone(),
        }
    }
}

impl<S, I: fmt::Debug> fmt::Debug for CertSessionService<S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertSessionService")
            .field("inner", &self.inner)
            .field("driver", &self.rules.driver)
            .finish_non_exhaustive()
    }
}

impl<S, I, B, R> Service<Request<B>> for CertSessionService<S, I>
where
    S: SessionStore,
    I: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    I::Future: Send,
    I::Error: Send,
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Send,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = I::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, I::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), I::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let rules = self.rules.clone();
        // The service that was found ready is the one to call, and not a clone of it.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        Box::pin(run(rules, ready, request))
    }
}

// No `async fn`: the request would stay in the future beside its parts.
fn run<S, I, B, R>(
    rules: Rules<S>,
    mut inner: I,
    request: Request<B>,
) -> impl Future<Output = Result<Response<Body>, I::Error>>
where
    S: SessionStore,
    I: Service<Request<B>, Response = Response<R>>,
    B: HttpBody,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    // Apart, as a body need not be `Sync`.
    let (mut parts, body) = request.into_parts();
    let Origin { peer, is_forwarded } = peer::take_peer(&mut parts);
    async move {
        let version = parts.version;
        let opened = match &peer {
            Some(peer) => rules.driver.open(rules.head(&parts, peer)).await,
            None => Err(PEER_UNKNOWN.report()),
        };
        let opened = match opened {
            Ok(opened) if is_forwarded => opened.forwarded(),
            Ok(opened) => opened,
            Err(error) => {
                // In a box, as each request would have to have room for it.
                Box::pin(drain(body)).await;
                let response = Error::from(error).into_response();
                return Ok(close_if_refused(response, version, is_forwarded));
            }
        };
        if let Some(device) = &rules.device {
            opened.session().offer_device(device(&parts));
        }
        let target = match opened.session().has_sign_in_page() {
            true => parts.uri.path_and_query().cloned(),
            false => None,
        };
        Opened::enter(&mut parts.extensions, opened.session().clone(), target);
        let result = inner.call(Request::from_parts(parts, body)).await;
        let settled = rules.driver.settle(opened).await;
        let response = respond(result?, settled);
        Ok(close_if_refused(response, version, is_forwarded))
    }
}

impl<S> Rules<S> {
    fn head<'r>(
        &self,
        parts: &'r Parts,
        peer: &'r PeerState,
    ) -> RequestHead<'r, impl Iterator<Item = &'r [u8]> + use<'r, S>> {
        let cookies = parts.headers.get_all(COOKIE).iter();
        RequestHead {
            cookies: cookies.map(HeaderValue::as_bytes),
            peer,
            reads_near: self.reads_near(parts),
            request: RequestInfo {
                method: Some(parts.method.as_str()),
                path: Some(parts.uri.path()),
                client: peer::address_of(&parts.extensions),
            },
            site: site_fields(parts),
        }
    }

    /// Whether a copy of the session may serve the request: it only reads.
    fn reads_near(&self, parts: &Parts) -> bool {
        let reads_through = |read_through: &ReadThrough| read_through(parts);
        parts.method.is_safe() && !self.read_through.as_ref().is_some_and(reads_through)
    }
}

/// A refused certificate closes the connection of its client: over HTTP/1.1 the response says so. Over
/// HTTP/2 no header field may (RFC 9113 section 8.2.2): there the server does it, which sees the mark.
/// The connection of a proxy serves others too.
fn close_if_refused(
    mut response: Response<Body>,
    version: Version,
    is_forwarded: bool,
) -> Response<Body> {
    if response.status() != StatusCode::FORBIDDEN
        || response.extensions().get::<CertificateRefused>().is_none()
    {
        return response;
    }
    if is_forwarded {
        response.extensions_mut().remove::<CertificateRefused>();
    } else if version <= Version::HTTP_11 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

/// What the cross-site guard asks for.
fn site_fields(parts: &Parts) -> SiteFields<'_> {
    let values = |name| {
        let values = parts.headers.get_all(name).into_iter();
        values.map(HeaderValue::as_bytes)
    };
    // Over HTTP/2 a CONNECT with a path is an extended one (RFC 8441 section 4): a WebSocket, or a
    // protocol that browsers treat alike. A plain one has none.
    let is_extended_connect = parts.method == Method::CONNECT && parts.version >= Version::HTTP_2;
    let opens_web_socket = is_extended_connect || upgrades_to_web_socket(values(UPGRADE));
    if parts.method.is_safe() && !opens_web_socket {
        // The guard looks at nothing else then, so nothing is looked up.
        return SiteFields::default();
    }
    // A request over HTTP/1.1 has no authority.
    let authority = parts.uri.authority();
    SiteFields {
        fetch_site: FieldValue::of(values(SEC_FETCH_SITE)),
        origin: FieldValue::of(values(ORIGIN)),
        host: match authority {
            Some(authority) => FieldValue::One(authority.as_str().as_bytes()),
            None => FieldValue::of(values(HOST)),
        },
        opens_web_socket,
        is_development: peer::is_development(&parts.extensions),
    }
}

/// The handler's response with the cookie on it; if the commit failed, that failure instead.
fn respond<R>(response: Response<R>, settled: Settled) -> Response<Body>
where
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let mut response = match settled.committed {
        // No cost where it is the same type already.
        Ok(()) => response.map(Body::new),
        Err(error) => Error::from(error).into_response(),
    };
    if let Some(head) = settled.head
        && let Err(unwritable) = head.apply(&mut Headers(response.headers_mut()))
    {
        tracing::error!(target: "certsession", error = %unwritable, "the request failed");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    response
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

#[cfg(test)]
mod tests {
    use axum::Router;
    use certsession_core::{MemoryStore, SessionManager};

    use super::*;

    /// glibc serves what is larger than about that by a slower way.
    #[test]
    fn the_future_of_a_request_has_at_most_one_kibibyte() {
        let manager: SessionManager<MemoryStore> = MemoryStore::new().into();
        let rules = Rules {
            driver: SessionDriver::new(manager),
            read_through: None,
            device: None,
        };
        let router: Router = Router::new();
        let future = run(rules, router, Request::new(Body::empty()));
        let size = mem::size_of_val(&future);
        assert!(size <= 1024, "{size} bytes");
    }
}

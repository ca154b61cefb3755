//! For an application's own tests: the peer certificate and the cookie of requests that never
//! crossed a network.
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use certsession_axum::test_util::{CookieJar, TestRequestExt, peer};
//! use certsession_axum::{CertSession, CertSessionLayer, Error, Key, MemoryStore};
//! use tower::ServiceExt;
//!
//! const VISITS: Key<u64> = Key::new("visits");
//!
//! async fn count(session: CertSession) -> Result<String, Error> {
//!     let visits = session.get(&VISITS)?.unwrap_or(0) + 1;
//!     session.insert(&VISITS, &visits)?;
//!     Ok(visits.to_string())
//! }
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let sessions = CertSessionLayer::new(MemoryStore::new());
//! let app: Router = Router::new().route("/", get(count)).layer(sessions);
//! let mut jar = CookieJar::default();
//! for _ in 0..2 {
//!     let request = Request::new(Body::empty()).with_cookies(&jar).with_peer(peer("alice"));
//!     let response = app.clone().oneshot(request).await.unwrap();
//!     jar.store(&response);
//!     assert_eq!(response.status(), 200);
//! }
//! // The cookie is worthless under another certificate.
//! let theft = Request::new(Body::empty()).with_cookies(&jar).with_peer(peer("mallory"));
//! assert_eq!(app.oneshot(theft).await.unwrap().status(), 403);
//! # });
//! ```
//!
//! Nothing here can weaken a server. The peer of a test is read only where no connection was
//! captured, which with one of this crate's servers is never; and only code inside the process can
//! set it, not a request.

use std::collections::BTreeMap;
use std::fmt;

use certsession_core::PeerState;
use http::header::{COOKIE, SET_COOKIE};
use http::{Extensions, HeaderValue, Request, Response};

pub use certsession_core::test_util::peer;

/// Sets the peer and the cookies of a request.
pub trait TestRequestExt {
    /// The request with the cookies of a jar, as a browser would send them.
    #[must_use]
    fn with_cookies(self, jar: &CookieJar) -> Self;

    /// The request, as if it came over a connection with this peer.
    #[must_use]
    fn with_peer(self, peer: PeerState) -> Self;
}

/// The cookies of one browser: it stores what responses set, and forgets what they remove.
#[derive(Clone, Default)]
pub struct CookieJar(BTreeMap<String, String>);

impl CookieJar {
    /// Stores the cookies that a response sets.
    pub fn store<B>(&mut self, response: &Response<B>) {
        for field in response.headers().get_all(SET_COOKIE) {
            let field = field.to_str().unwrap_or_default();
            let pair = field.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            match field.contains("Max-Age=0") {
                true => self.0.remove(name),
                false => self.0.insert(name.to_owned(), value.to_owned()),
            };
        }
    }

    /// Whether it holds no cookie.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Shows the names alone: the values are secret.
impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<B> TestRequestExt for Request<B> {
    fn with_cookies(mut self, jar: &CookieJar) -> Self {
        let pairs = jar.0.iter().map(|(name, value)| format!("{name}={value}"));
        let field = pairs.collect::<Vec<_>>().join("; ");
        // What came in a field goes into one.
        if let Ok(field) = HeaderValue::from_str(&field)
            && !jar.is_empty()
        {
            self.headers_mut().insert(COOKIE, field);
        }
        self
    }

    fn with_peer(mut self, peer: PeerState) -> Self {
        self.extensions_mut().insert(TestPeer(peer));
        self
    }
}

#[derive(Clone)]
struct TestPeer(PeerState);

pub(crate) fn peer_of(extensions: &Extensions) -> Option<&PeerState> {
    extensions.get().map(|TestPeer(peer)| peer)
}

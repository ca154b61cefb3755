//! For an application's own tests: the peer certificate and the cookie of requests that never
//! crossed a network.
//!
//! ```
//! use actix_web::test::{TestRequest, call_service, init_service};
//! use actix_web::{App, web};
//! use certsession_actix::test_util::{CookieJar, TestRequestExt, peer};
//! use certsession_actix::{CertSession, CertSessionMiddleware, Error, Key, MemoryStore};
//!
//! const VISITS: Key<u64> = Key::new("visits");
//!
//! async fn count(session: CertSession) -> Result<String, Error> {
//!     let visits = session.get(&VISITS)?.unwrap_or(0) + 1;
//!     session.insert(&VISITS, &visits)?;
//!     Ok(visits.to_string())
//! }
//!
//! # actix_web::rt::System::new().block_on(async {
//! let sessions = CertSessionMiddleware::new(MemoryStore::new());
//! let app = init_service(App::new().wrap(sessions).route("/", web::get().to(count))).await;
//! let mut jar = CookieJar::default();
//! for _ in 0..2 {
//!     let request = TestRequest::get().cookies_of(&jar).to_request_from(peer("alice"));
//!     let response = call_service(&app, request).await;
//!     jar.store(&response);
//!     assert_eq!(response.status(), 200);
//! }
//! // The cookie is worthless under another certificate.
//! let theft = TestRequest::get().cookies_of(&jar).to_request_from(peer("mallory"));
//! assert_eq!(call_service(&app, theft).await.status(), 403);
//! # });
//! ```
//!
//! Nothing here can weaken a server. The peer of a test is read only where no connection was
//! captured, which with `bind_mutual_tls` is never; and only code inside the process can set it,
//! not a request.

use std::collections::BTreeMap;
use std::fmt;

use actix_http::Request;
use actix_web::HttpMessage;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{COOKIE, SET_COOKIE};
use actix_web::test::TestRequest;
use certsession_core::PeerState;

pub use certsession_core::test_util::peer;

/// Sets the peer and the cookies of an `actix_web::test` request.
pub trait TestRequestExt {
    /// The request with the cookies of a jar, as a browser would send them.
    #[must_use]
    fn cookies_of(self, jar: &CookieJar) -> Self;

    /// The request, as if it came over a connection with this peer.
    fn to_request_from(self, peer: PeerState) -> Request;
}

/// The cookies of one browser: it stores what responses set, and forgets what they remove.
#[derive(Clone, Default)]
pub struct CookieJar(BTreeMap<String, String>);

impl CookieJar {
    /// Stores the cookies that a response sets.
    pub fn store<B>(&mut self, response: &ServiceResponse<B>) {
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

impl TestRequestExt for TestRequest {
    fn cookies_of(self, jar: &CookieJar) -> Self {
        let pairs: Vec<_> = jar
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        match pairs.is_empty() {
            true => self,
            false => self.insert_header((COOKIE, pairs.join("; "))),
        }
    }

    fn to_request_from(self, peer: PeerState) -> Request {
        let request = self.to_request();
        request.extensions_mut().insert(TestPeer(peer));
        request
    }
}

struct TestPeer(PeerState);

pub(crate) fn peer_of(request: &ServiceRequest) -> Option<PeerState> {
    let extensions = request.extensions();
    let TestPeer(peer) = extensions.get()?;
    Some(peer.clone())
}

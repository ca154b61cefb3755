//! actix-web sessions bound to the TLS client certificate.
//!
//! A stolen cookie is worthless without the private key, a planted cookie is never adopted, and
//! an expired certificate ends its sessions while the connection is still open.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, Responder, web};
//! use certsession_actix::{
//!     BindMutualTls, CertSession, CertSessionMiddleware, Error, Key, MemoryStore, MutualTls,
//! };
//!
//! const VISITS: Key<u64> = Key::new("visits");
//!
//! async fn count(session: CertSession) -> Result<impl Responder, Error> {
//!     let visits = session.get(&VISITS)?.unwrap_or(0) + 1;
//!     session.insert(&VISITS, &visits)?;
//!     Ok(format!("visit {visits}\n"))
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let tls = MutualTls::builder()
//!     .server_identity_files("server.pem", "server.key")
//!     .client_ca_file("ca.pem")
//!     .build_rustls()?;
//! let sessions = CertSessionMiddleware::new(MemoryStore::new());
//! let app = move || App::new().wrap(sessions.clone()).route("/", web::get().to(count));
//! HttpServer::new(app).bind_mutual_tls("127.0.0.1:8443", tls)?.run().await?;
//! # Ok(())
//! # }
//! ```
//!
//! The [book] has a tutorial, guides for each task, and all settings, statuses and events. Rust
//! 1.89 or newer: [supported versions].
//!
//! [book]: https://github.com/certsession/certsession/blob/main/docs/SUMMARY.md
//! [supported versions]: https://github.com/certsession/certsession/blob/main/docs/support.md
//!
//! | feature | default | |
//! |---|---|---|
//! | `rustls-0_23` | yes | TLS by rustls, with ring |
//! | `http2` | yes | HTTP/2 beside HTTP/1.1, by ALPN |
//! | `openssl` | no | TLS by the system's OpenSSL (needs libssl-dev and pkg-config) |
//! | `metrics` | no | metrics through the facade of the crate `metrics` |
//! | `development-http` | no | plain HTTP on a loopback address, for development, in builds without debug assertions too |
//! | `actix-session` | no | `ActixSessionBridge`: code of actix-session and actix-identity over these sessions |
//! | `development-http` | no | development over plain HTTP in builds without debug assertions, too |
//! | `test-util` | no | sets the peer of `actix_web::test` requests |
//!
//! | part | what it is for |
//! |---|---|
//! | [`CertSessionMiddleware`] | opens and commits the session of each request |
//! | [`CertSession`], [`SignedIn`], [`SessionExt`] | what handlers, middleware and guards ask for |
//! | [`RecentlyAuthenticated`], [`Elevated`], [`HasRole`] | what needs more than a sign-in |
//! | [`NamedSession`] | one of several sessions of a request |
//! | [`LateSession`] | the session after the response head, for streams and WebSockets |
//! | [`MutualTls`], [`BindMutualTls`], [`capture_peer`] | TLS that asks for client certificates |
//! | [`TrustedProxies`], [`Dialect`] | a proxy in front that ends TLS: `bind_behind_proxy` |
//! | `bind_development_http` | plain HTTP on a loopback address, for development without certificates |
//! | [`CrossSiteGuard`] | which requests are refused because another site's page made them |
//! | [`Error`] | what goes wrong, and the status that the client sees |
//!
//! The rules are in [`certsession_core`], what every adapter shares in [`certsession_http`], mutual
//! TLS in [`certsession_tls`].

#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
mod bind;
#[cfg(feature = "actix-session")]
mod bridge;
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
mod capture;
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
mod close;
mod drain;
mod error;
mod extract;
mod middleware;
mod peer;
mod require;
mod service;
#[cfg(feature = "test-util")]
pub mod test_util;

pub use certsession_core;
pub use certsession_core::{
    Actor, Admission, ApplicationKey, ApplicationKeyError, ApplicationKeys, AuthMethod,
    BindWhenPresent, Binding, BindingPolicy, CertificatePolicy, Clock, CrlStatus, CsrfToken,
    Cursor, DecryptError, Device, Elevation, EndReason, EventDetails, EventSink, Fingerprint,
    Flash, FlashLevel, Handle, IdentityName, InvalidName, InvalidPrincipal, Key, Lifetimes,
    MemoryStore, Nonce, OnLimit, OnOverdueCrl, OnReplay, OneTime, Owner, Page, PeerCertificate,
    PeerState, PublicKeyHash, Record, Refusal, RequestInfo, Revocation, RevocationList,
    RevocationReason, Role, RotationReason, SessionAdmin, SessionError, SessionEvent,
    SessionManager, SessionManagerBuilder, SessionPage, SessionState, SessionStore, SessionSummary,
    SignIn, StoreError, StoreErrorKind, StoreOperation, SystemClock, Timestamp,
};
pub use certsession_http;
pub use certsession_http::{
    AddressField, ClientAddress, Confirmation, CrossSiteGuard, Dialect, InvalidCookieName,
    InvalidFieldName, InvalidOrigin, InvalidSignInPage, ProxySecret, RequestSession, ReturnTo,
    RoleName, SameSite, SessionName, SetUpFault, SetUpFaultKind, TrustedProxies,
    TrustedProxiesBuilder, TrustedProxiesError,
};
pub use certsession_tls;
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
pub use certsession_tls::{
    CertificateInForce, CertificateRole, CertificatesInForce, ClientAuth, ClientChainVerifier,
    MutualTls, MutualTlsBuilder, MutualTlsError, PeerVerifier, PemOrigin, Reloader, Resumption,
    ServerTls,
};

#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
pub use bind::{BindMutualTls, MAX_HANDSHAKES};
#[cfg(feature = "actix-session")]
pub use bridge::{ActixSessionBridge, ActixSessionBridgeService};
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
pub use capture::{capture_peer, capture_proxy};
pub use error::Error;
pub use extract::{CertSession, LateSession, NamedSession, SessionExt, SignedIn};
pub use middleware::CertSessionMiddleware;
pub use require::{Elevated, HasRole, RecentlyAuthenticated};

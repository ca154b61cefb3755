//! axum and tower sessions bound to the TLS client certificate.
//!
//! A stolen cookie is worthless without the private key, a planted cookie is never adopted, and
//! an expired certificate ends its sessions while the connection is still open.
//!
//! ```no_run
//! # #[cfg(all(feature = "server", feature = "rustls-0_23"))] {
//! use axum::{Router, routing::get};
//! use certsession_axum::{CertSession, CertSessionLayer, Error, Key, MemoryStore, MutualTls, serve};
//!
//! const VISITS: Key<u64> = Key::new("visits");
//!
//! async fn count(session: CertSession) -> Result<String, Error> {
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
//! let sessions = CertSessionLayer::new(MemoryStore::new());
//! let app = Router::new().route("/", get(count)).layer(sessions.clone());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8443").await?;
//! serve(listener, tls, app).with_sessions(&sessions).await?;
//! # Ok(())
//! # }
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
//! | `server` | yes | `serve`, for any tower service |
//! | `http2` | yes | HTTP/2 beside HTTP/1.1, by ALPN |
//! | `axum` | yes | `MutualTlsListener` for `axum::serve`, and `ConnectInfo<SocketAddr>` |
//! | `openssl` | no | TLS by the system's OpenSSL (needs libssl-dev and pkg-config) |
//! | `metrics` | no | metrics through the facade of the crate `metrics` |
//! | `development-http` | no | plain HTTP on a loopback address, for development, in builds without debug assertions too |
//! | `test-util` | no | sets the peer of requests in tests |
//!
//! | part | what it is for |
//! |---|---|
//! | [`CertSessionLayer`] | opens and commits the session of each request |
//! | [`CertSession`], [`SignedIn`] | what handlers ask for; [`CertSession::from_extensions`] for layers |
//! | [`RecentlyAuthenticated`], [`Elevated`], [`HasRole`] | what needs more than a sign-in |
//! | [`NamedSession`] | one of several sessions of a request |
//! | [`LateSession`] | the session after the response head, for streams and WebSockets |
//! | `serve`, `MutualTlsListener` | two servers with TLS that asks for client certificates |
//! | [`TrustedProxies`], [`Dialect`] | a proxy in front that ends TLS: `Serve::behind_proxy`, `serve_unix` |
//! | [`VouchedPeer`] | the peer, where another crate's acceptor has the connection |
//! | `serve_development_http` | plain HTTP on a loopback address, for development without certificates |
//! | [`CrossSiteGuard`] | which requests are refused because another site's page made them |
//! | [`Error`] | what goes wrong, and the status that the client sees |
//!
//! The layer needs nothing of axum: it serves any tower service over `http::Request`, a gRPC server
//! and bare hyper among them. The rules are in [`certsession_core`], what every adapter shares in
//! [`certsession_http`], mutual TLS in [`certsession_tls`].
//!
//! | file | subject |
//! |---|---|
//! | `layer`, `service` | the layer, and one request through it |
//! | `require` | what needs more than a sign-in |
//! | `extract`, `error` | what handlers ask for, and what they answer where it fails |
//! | `peer` | the peer in a request's extensions |
//! | `drain` | the body of a request that is refused |
//! | `server` | the two servers, and the handshakes that they share |

mod drain;
mod error;
mod extract;
mod layer;
mod peer;
mod require;
#[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
mod server;
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

pub use error::Error;
pub use extract::{CertSession, LateSession, NamedSession, SignedIn};
pub use layer::CertSessionLayer;
pub use peer::VouchedPeer;
pub use require::{Elevated, HasRole, RecentlyAuthenticated};
#[cfg(all(
    any(debug_assertions, feature = "development-http"),
    feature = "server",
    any(feature = "rustls-0_23", feature = "openssl")
))]
pub use server::serve_development_http;
#[cfg(all(
    unix,
    feature = "server",
    any(feature = "rustls-0_23", feature = "openssl")
))]
pub use server::serve_unix;
#[cfg(all(feature = "axum", any(feature = "rustls-0_23", feature = "openssl")))]
pub use server::{
    IntoMakeServiceWithPeer, MutualTlsListener, MutualTlsStream, PeerMakeService, WithPeer,
};
#[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
pub use server::{Serve, serve};
pub use service::CertSessionService;

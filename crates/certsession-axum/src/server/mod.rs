//! Two servers with mutual TLS: [`serve`], and a listener for `axum::serve`.

mod accept;
mod activity;
mod connection;
mod handshakes;
#[cfg(feature = "axum")]
mod listener;
#[cfg(feature = "axum")]
mod routes;
mod serve;
mod socket;
mod stream;

#[cfg(feature = "axum")]
pub use listener::{IntoMakeServiceWithPeer, MutualTlsListener, PeerMakeService, WithPeer};
#[cfg(any(debug_assertions, feature = "development-http"))]
pub use serve::serve_development_http;
#[cfg(unix)]
pub use serve::serve_unix;
pub use serve::{Serve, serve};
#[cfg(feature = "axum")]
pub use stream::MutualTlsStream;

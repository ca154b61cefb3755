//! The TLS side: a server configuration that asks for client certificates, the call that
//! binds a server with it, and the hook that takes the peer's certificate from a connection.
//!
//! 1. [`MutualTls`] holds the configuration of one TLS stack, made by [`MutualTlsBuilder`].
//! 2. [`BindMutualTls`] puts it, and the hook, onto an `HttpServer` in one call.
//! 3. [`capture_peer`] is that hook, for those who bind by themselves.

mod capture;
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
mod mutual;

pub(crate) use capture::CapturedPeer;
pub use capture::capture_peer;
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
pub use mutual::{
    BindMutualTls, ClientAuth, MutualTls, MutualTlsBuilder, MutualTlsError, PemOrigin, Resumption,
};

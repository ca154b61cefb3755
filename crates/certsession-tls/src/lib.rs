//! Mutual TLS for sessions that are bound to the client certificate.
//!
//! PEM in; out come the configuration of one TLS stack and a [`PeerVerifier`], which turns a
//! finished handshake into a [`PeerState`](certsession_core::PeerState). What the verifier cannot
//! judge is *rejected*.
//!
//! ```no_run
//! # #[cfg(feature = "rustls-0_23")] {
//! use certsession_tls::{MutualTls, ServerTls};
//!
//! let tls = MutualTls::builder()
//!     .server_identity_files("server.pem", "server.key")
//!     .client_ca_file("ca.pem")
//!     .build_rustls()?;
//! let (stack, verifier) = tls.into_parts();
//! // Serve with `stack`; when a handshake is complete, ask `verifier` who the peer is.
//! # }
//! # Ok::<(), certsession_tls::MutualTlsError>(())
//! ```
//!
//! | file | subject |
//! |---|---|
//! | `builder`, `settings` | what an application chooses |
//! | `sources` | files and bytes: read, judged, and parsed |
//! | `mutual_tls`, `peer` | what is built: a stack's configuration, and [`PeerVerifier`] |
//! | `chain_verifier` | [`ClientChainVerifier`]: certificates that a proxy forwards |
//! | `handshake` | what both stacks do with a client certificate: revocation and the log |
//! | `reload` | which files changed, and what takes their place |
//! | `rustls_stack`, `openssl_stack` | the two stacks |
//!
//! | feature | default | |
//! |---|---|---|
//! | `rustls-0_23` | no | TLS by rustls, with ring |
//! | `openssl` | no | TLS by the system's OpenSSL (needs libssl-dev and pkg-config) |
//!
//! Without either the crate is empty.

// Without a TLS stack there is nothing to configure.
#![cfg(any(feature = "rustls-0_23", feature = "openssl"))]

mod builder;
mod chain_verifier;
mod error;
mod handshake;
mod mutual_tls;
#[cfg(feature = "openssl")]
mod openssl_stack;
mod origin;
mod peer;
mod reload;
#[cfg(feature = "rustls-0_23")]
mod rustls_stack;
mod settings;
mod sources;
#[cfg(test)]
mod tests;

pub use builder::MutualTlsBuilder;
pub use chain_verifier::ClientChainVerifier;
pub use error::MutualTlsError;
pub use mutual_tls::{MutualTls, ServerTls};
pub use origin::PemOrigin;
pub use peer::{ConnectionPeer, PeerVerifier};
pub use reload::Reloader;
pub use settings::{ClientAuth, Resumption};

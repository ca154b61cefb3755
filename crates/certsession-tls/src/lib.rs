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
//! | `failed` | why a handshake failed, for the log of an accept loop |
//! | `reload` | which files changed, and what takes their place |
//! | `in_force`, `meter` | which certificates expire when; metrics, with the feature `metrics` |
//! | `rustls_stack`, `openssl_stack` | the two stacks |
//!
//! The [book] has a tutorial, guides for each task, and all settings, statuses and events. Rust
//! 1.89 or newer: [supported versions].
//!
//! [book]: https://github.com/certsession/certsession/blob/main/docs/SUMMARY.md
//! [supported versions]: https://github.com/certsession/certsession/blob/main/docs/support.md
//!
//! | feature | default | |
//! |---|---|---|
//! | `rustls-0_23` | no | TLS by rustls, with ring |
//! | `openssl` | no | TLS by the system's OpenSSL (needs libssl-dev and pkg-config) |
//! | `metrics` | no | counts refused handshakes, and says when certificates expire |
//!
//! Without a TLS stack the crate is empty.

// Without a TLS stack there is nothing to configure.
#![cfg(any(feature = "rustls-0_23", feature = "openssl"))]

mod builder;
mod chain_verifier;
mod error;
mod failed;
mod handshake;
mod in_force;
#[cfg(feature = "metrics")]
mod meter;
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
pub use failed::log_failed_handshake;
pub use in_force::{CertificateInForce, CertificateRole, CertificatesInForce};
pub use mutual_tls::{MutualTls, ServerTls};
pub use origin::PemOrigin;
pub use peer::{ConnectionPeer, PeerVerifier};
pub use reload::Reloader;
pub use settings::{ClientAuth, Resumption};

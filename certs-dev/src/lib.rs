//! The certificates for developing and testing certsession: an authority, a server certificate for
//! this machine, and clients, some of them odd on purpose.
//!
//! [`Pki`] is a folder with everything that a first run needs; [`Authority`] and [`LeafRequest`]
//! create any other certificate. Tests use them in temporary folders; the command `certs-dev`
//! offers the same from a shell.
//!
//! # In an application's tests
//!
//! The library needs few dependencies without its default features:
//!
//! ```toml
//! [dev-dependencies]
//! certs-dev = { version = "0.1", default-features = false }
//! ```
//!
//! A test makes an authority of its own, and starts its server with it. No file is needed, and no
//! two tests disturb each other:
//!
//! ```
//! use certs_dev::{Authority, CrlRequest, LeafRequest};
//!
//! # fn main() -> Result<(), certs_dev::Error> {
//! let authority = Authority::new("test CA")?;
//! let server = authority.issue(&LeafRequest::server("localhost"))?;
//! let alice = authority.issue(&LeafRequest::client("alice"))?;
//!
//! // For the server: `MutualTls::builder().server_identity_pem(chain, key).client_ca_pem(ca)`.
//! let (chain, key) = (server.certificate_pem(), server.key().pem());
//! let ca = authority.certificate_pem();
//!
//! // For a client: its identity; reqwest takes both in one, for example.
//! let identity = format!("{}{}", alice.certificate_pem(), alice.key().pem());
//!
//! // A renewed certificate, with the same key, and a list that revokes the old one.
//! let renewed = authority.issue(&LeafRequest::client("alice").same_key_as(&alice))?;
//! assert_ne!(alice.certificate_der(), renewed.certificate_der());
//! let list = authority.revocation_list(&CrlRequest::new().revoke(&alice))?;
//! assert!(list.pem().starts_with("-----BEGIN X509 CRL-----"));
//! # Ok(())
//! # }
//! ```
//!
//! Where a program needs files, [`Pki::ensure`] mints them into a folder; [`Pki`] has an example.
//! [Test an application][book], a page of certsession's book, has a server with these. Rust 1.89 or
//! newer.
//!
//! [book]: https://github.com/certsession/certsession/blob/main/docs/testing.md
//!
//! | feature | default | |
//! |---|---|---|
//! | `cli` | yes | the command `certs-dev`, with `pkcs12` |
//! | `pkcs12` | by `cli` | key and certificate as PKCS#12, for browsers |
//!
//! For development only: the keys are stored unencrypted on disk, readable by their owner, and the
//! password of the PKCS#12 files is public.

mod alt_name;
mod authority;
mod certificate;
mod crl;
mod error;
mod folder;
mod identity;
mod key;
mod name;
#[cfg(feature = "pkcs12")]
mod pkcs12;
mod pki;
mod renew;
mod request;
mod validity;

pub use authority::Authority;
pub use crl::{CrlRequest, RevocationListFile, revoke};
pub use error::Error;
pub use folder::Overwrite;
pub use identity::Identity;
pub use key::PrivateKey;
#[cfg(feature = "pkcs12")]
pub use pkcs12::PKCS12_PASSWORD;
pub use pki::Pki;
pub use renew::renew;
pub use request::LeafRequest;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

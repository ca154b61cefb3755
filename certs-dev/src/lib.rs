//! The certificates for developing and testing certsession: an authority, a server certificate for
//! this machine, and clients, some of them odd on purpose.
//!
//! [`Pki`] is a folder with everything that a first run needs; [`Authority`] and [`LeafRequest`]
//! create any other certificate. Tests use them in temporary folders; the command `certs-dev`
//! offers the same from a shell.
//!
//! ```
//! use certs_dev::{Authority, LeafRequest};
//!
//! # fn main() -> Result<(), certs_dev::Error> {
//! let authority = Authority::new("example CA")?;
//! let alice = authority.issue(&LeafRequest::client("alice"))?;
//! let renewed = authority.issue(&LeafRequest::client("alice").same_key_as(&alice))?;
//! assert_ne!(alice.certificate_der(), renewed.certificate_der());
//! # Ok(())
//! # }
//! ```
//!
//! [Test an application][book], a page of certsession's book, has a server with these. Rust 1.89 or
//! newer.
//!
//! [book]: https://github.com/certsession/certsession/blob/main/docs/testing.md
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
pub use pkcs12::PKCS12_PASSWORD;
pub use pki::Pki;
pub use renew::renew;
pub use request::LeafRequest;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

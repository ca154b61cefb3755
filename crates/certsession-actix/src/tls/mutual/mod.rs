//! A server-side TLS configuration that asks for client certificates: PEM in, one TLS
//! stack's configuration out, and the call that binds a server with it.
//!
//! PEM is read and judged once, in `pem`, `identity` and `client_ca`, so that both stacks
//! refuse the same file with the same words; `rustls_stack` and `openssl_stack` get DER.

mod audit;
mod bind;
mod builder;
mod client_ca;
mod error;
mod identity;
#[cfg(feature = "openssl")]
mod openssl_stack;
mod pem;
#[cfg(feature = "rustls-0_23")]
mod rustls_stack;
#[cfg(test)]
mod tests;

pub use bind::BindMutualTls;
pub use builder::{ClientAuth, MutualTls, MutualTlsBuilder};
pub use error::MutualTlsError;
pub use pem::PemOrigin;

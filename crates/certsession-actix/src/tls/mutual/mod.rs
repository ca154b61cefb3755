//! A server-side TLS configuration that asks for client certificates: PEM in, one TLS
//! stack's configuration out, and the call that binds a server with it.
//!
//! PEM is read and judged once, in `pem`, `identity` and `client_ca`, so that both stacks
//! refuse the same file with the same words; `rustls_stack` and `openssl_stack` get DER.
//!
//! | file | purpose |
//! |---|---|
//! | `builder`, `bind` | what an application calls |
//! | `pem`, `identity`, `client_ca`, `crl_file` | files, read and judged |
//! | `reloadable`, `watch` | what can change while a server runs, and who notices |
//! | `revocation`, `audit` | what the verifiers of both stacks share |
//! | `resumption` | [`Resumption`] |
//! | `rustls_stack`, `openssl_stack` | the two stacks |

mod audit;
mod bind;
mod builder;
mod client_ca;
mod crl_file;
mod error;
mod identity;
#[cfg(feature = "openssl")]
mod openssl_stack;
mod pem;
mod reloadable;
mod resumption;
mod revocation;
#[cfg(feature = "rustls-0_23")]
mod root_hint_subjects;
#[cfg(feature = "rustls-0_23")]
mod rustls_stack;
#[cfg(feature = "rustls-0_23")]
mod rustls_verifier;
#[cfg(test)]
mod tests;
mod watch;

pub use bind::BindMutualTls;
pub use builder::{ClientAuth, MutualTls, MutualTlsBuilder};
pub use error::MutualTlsError;
pub use pem::PemOrigin;
pub use resumption::Resumption;

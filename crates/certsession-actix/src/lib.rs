//! actix-web sessions bound to the TLS client certificate.

mod tls;

pub use tls::capture_peer;
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
pub use tls::{BindMutualTls, ClientAuth, MutualTls, MutualTlsBuilder, MutualTlsError, PemOrigin};

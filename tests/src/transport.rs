//! What a connection is made of.

use certsession_tls::{MutualTls, MutualTlsBuilder};

/// The TLS stack of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// rustls with ring.
    Rustls,
    /// The system's OpenSSL.
    Openssl,
}

/// The HTTP version that the clients speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http {
    /// HTTP/1.1.
    One,
    /// HTTP/2.
    Two,
}

impl Stack {
    /// The configuration for this stack.
    pub fn build(self, tls: &MutualTlsBuilder) -> MutualTls {
        match self {
            Self::Rustls => tls.build_rustls(),
            Self::Openssl => tls.build_openssl(),
        }
        .unwrap()
    }
}

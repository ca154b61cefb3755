//! TLS to the servers.

use std::fmt;

use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::sentinel::{SentinelClient, SentinelClientBuilder};
#[cfg(feature = "tls")]
use redis::{ClientTlsConfig, TlsCertificates, TlsMode};
use redis::{ConnectionAddr, ConnectionInfo, RedisError};

use crate::error::ConnectError;

/// The CA certificates and the client certificate of a connection, in PEM. Without CA certificates,
/// those of the system are trusted.
#[derive(Clone, Default)]
pub(crate) struct Tls {
    #[cfg(feature = "tls")]
    pub(crate) authority: Option<Vec<u8>>,
    /// The client certificate and its key.
    #[cfg(feature = "tls")]
    pub(crate) identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(..)")
    }
}

impl Tls {
    pub(crate) fn fault(error: &RedisError) -> ConnectError {
        ConnectError::Tls {
            reason: error.to_string(),
        }
    }
}

#[cfg(not(feature = "tls"))]
impl Tls {
    pub(crate) fn client(&self, server: ConnectionInfo) -> Result<redis::Client, ConnectError> {
        redis::Client::open(server).map_err(|error| Self::fault(&error))
    }

    pub(crate) fn cluster(
        &self,
        builder: ClusterClientBuilder,
        _first: Option<&ConnectionAddr>,
    ) -> Result<ClusterClient, ConnectError> {
        builder.build().map_err(|error| Self::fault(&error))
    }

    pub(crate) fn sentinel(
        &self,
        builder: SentinelClientBuilder,
        _first: Option<&ConnectionAddr>,
    ) -> Result<SentinelClient, ConnectError> {
        builder.build().map_err(|error| Self::fault(&error))
    }
}

#[cfg(feature = "tls")]
impl Tls {
    pub(crate) fn client(&self, server: ConnectionInfo) -> Result<redis::Client, ConnectError> {
        let client = match self.certificates(server.addr())? {
            Some(certificates) => redis::Client::build_with_tls(server, certificates),
            None => redis::Client::open(server),
        };
        client.map_err(|error| Self::fault(&error))
    }

    pub(crate) fn cluster(
        &self,
        builder: ClusterClientBuilder,
        first: Option<&ConnectionAddr>,
    ) -> Result<ClusterClient, ConnectError> {
        let certificates = first.map(|it| self.certificates(it)).transpose()?.flatten();
        let builder = match certificates {
            Some(certificates) => builder.certs(certificates),
            None => builder,
        };
        builder.build().map_err(|error| Self::fault(&error))
    }

    pub(crate) fn sentinel(
        &self,
        builder: SentinelClientBuilder,
        first: Option<&ConnectionAddr>,
    ) -> Result<SentinelClient, ConnectError> {
        let is_tls = first.is_some_and(is_tls);
        let certificates = first.map(|it| self.certificates(it)).transpose()?.flatten();
        let mut builder = builder;
        if is_tls {
            builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
        }
        if let Some(certificates) = certificates {
            builder = builder
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_certificates(certificates);
        }
        builder.build().map_err(|error| Self::fault(&error))
    }

    /// The certificates for a server that uses TLS.
    fn certificates(
        &self,
        address: &ConnectionAddr,
    ) -> Result<Option<TlsCertificates>, ConnectError> {
        let is_given = self.authority.is_some() || self.identity.is_some();
        if !is_tls(address) {
            return match is_given {
                true => Err(ConnectError::Tls {
                    reason: "certificates are set, but the URL does not use TLS: write rediss"
                        .to_owned(),
                }),
                false => Ok(None),
            };
        }
        provide_crypto();
        Ok(is_given.then(|| TlsCertificates {
            client_tls: self
                .identity
                .clone()
                .map(|(certificate, key)| ClientTlsConfig {
                    client_cert: certificate,
                    client_key: key,
                }),
            root_cert: self.authority.clone(),
        }))
    }
}

#[cfg(feature = "tls")]
const fn is_tls(address: &ConnectionAddr) -> bool {
    matches!(address, ConnectionAddr::TcpTls { .. })
}

/// The redis crate uses the process's default crypto provider, and panics if there is none, or if
/// there are several to choose from. A provider that the application has set stays.
#[cfg(feature = "tls")]
fn provide_crypto() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have installed the application's provider first.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

//! What an application chooses, apart from what files hold.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use certsession_core::{Clock, PublicKeyHash, RevocationList, Timestamp};

use crate::error::MutualTlsError;
use crate::sources::ClientCa;

/// What a client without a certificate gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// No connection: the handshake fails. The default.
    #[default]
    Required,
    /// A connection, on which the client is anonymous. A certificate that does not verify is
    /// refused nevertheless.
    Optional,
}

/// Whether a client may resume an earlier TLS session instead of a full handshake.
///
/// On a resumed connection no TLS stack verifies the certificate again: it would be accepted after
/// it has expired, was revoked, or after its CA was removed. So resumption is off unless it is
/// asked for; where it is on, [`PeerVerifier`](crate::PeerVerifier) verifies the certificate of
/// each resumed connection again, against the CAs and the revocation list of that moment, before a
/// request is served. What remains is what the client saves: one round trip, and its signature.
///
/// A ticket key, or a cache, belongs to one [`MutualTls`](crate::MutualTls) and is made with it.
/// It cannot be shared with another one, under whose CAs a certificate was never verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resumption {
    /// Each connection is a full handshake. The default.
    #[default]
    Off,
    /// By tickets: the client keeps the state, sealed with a key that the server draws.
    Tickets,
    /// By name: the server keeps the state of the last sessions.
    Cache,
}

/// How many sessions the server keeps the state of, with [`Resumption::Cache`].
pub(crate) const CACHE_SIZE: usize = 10_000;

/// The choices of one configuration, which a reload does not change.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) client_auth: ClientAuth,
    /// The keys of the clients that are let in, whichever CA issued their certificates; if there are
    /// none, the client CAs decide.
    pub(crate) client_keys: Vec<PublicKeyHash>,
    pub(crate) revocations: Option<RevocationList>,
    pub(crate) resumption: Resumption,
    pub(crate) clock: SharedClock,
    pub(crate) alpn: Alpn,
    /// Whether handshakes name the client CAs.
    pub(crate) sends_ca_names: bool,
    pub(crate) handshake_timeout: Duration,
}

impl Settings {
    /// Whether clients are known by their keys, and not by who issued their certificates.
    pub(crate) fn pins_keys(&self) -> bool {
        !self.client_keys.is_empty()
    }

    /// Makes sure that the names of the client CAs fit into a handshake. Otherwise every
    /// handshake would fail: their list has a length of two bytes (RFC 8446 section 4.2.4, RFC
    /// 5246 section 7.4.4).
    pub(crate) fn check_ca_names(&self, client_cas: &[ClientCa]) -> Result<(), MutualTlsError> {
        // In TLS 1.3 the list shares its two bytes of length with the other extensions.
        const LIMIT: usize = 0xffff - 0x3ff;
        let names = client_cas.iter().map(|ca| 2 + ca.certificate.name_len());
        let size = names.sum();
        if self.sends_ca_names && size > LIMIT {
            return Err(MutualTlsError::TooManyCaNames {
                count: client_cas.len(),
                size,
                limit: LIMIT,
            });
        }
        Ok(())
    }
}

/// The clock that the whole configuration reads.
#[derive(Clone, Debug)]
pub(crate) struct SharedClock(Arc<dyn Clock>);

impl SharedClock {
    pub(crate) fn new(clock: impl Clock) -> Self {
        Self(Arc::new(clock))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// The application protocols that are offered, most preferred first. An adapter sets them when it
/// binds a server, and a configuration that takes the place of another one reads them again.
#[derive(Clone)]
pub(crate) struct Alpn(Arc<RwLock<Vec<Vec<u8>>>>);

impl Default for Alpn {
    fn default() -> Self {
        let protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self(Arc::new(RwLock::new(protocols)))
    }
}

impl Alpn {
    pub(crate) fn set(&self, protocols: &[&str]) {
        let bytes = |name: &&str| name.as_bytes().to_vec();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) =
            protocols.iter().map(bytes).collect();
    }

    pub(crate) fn protocols(&self) -> Vec<Vec<u8>> {
        let protocols = self.0.read();
        protocols.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Alpn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocols = self.protocols();
        let names = protocols.iter().map(|name| String::from_utf8_lossy(name));
        f.debug_list().entries(names).finish()
    }
}

//! The peer of one request.

use std::net::IpAddr;
use std::time::Instant;

use certsession_core::{CertificateError, PeerState};

use super::cache::CacheKey;
use super::dialect::{Fault, Presence, Value, Values};
use super::fields::is_certificate_field;
use super::hop::Hop;
use super::trusted::TrustedProxies;

/// Where the peers of the requests of one socket come from.
///
/// It belongs to a socket, and not to the application: an application may serve clients directly on
/// one and through a proxy on another, and neither passes as the other.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum PeerSource {
    /// From the TLS connection: clients connect directly, or through a proxy that passes TLS
    /// through. The default.
    #[default]
    Connection,
    /// From what a trusted proxy says of each request.
    Proxy(TrustedProxies),
}

/// Who sent a request through a proxy.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ForwardedPeer {
    /// The client, as far as its certificate goes.
    pub peer: PeerState,
    /// The client's address, if the proxy is configured to say it.
    pub client_address: Option<IpAddr>,
}

/// The fields of a request that matter here.
#[derive(Default)]
struct Read<'f> {
    values: Values<'f>,
    secret: Value<'f>,
    address: Option<&'f [u8]>,
    names_certificate_as_hop_by_hop: bool,
}

impl TrustedProxies {
    /// The peer of a request that came by this hop with these header fields, names in lower case.
    ///
    /// A sender that is not the proxy is [`PeerState::Rejected`], whatever its fields say. The error
    /// names the sender's own certificate, if it has one.
    pub fn peer_of<'f>(
        &self,
        hop: Hop<'_>,
        fields: impl IntoIterator<Item = (&'f [u8], &'f [u8])>,
    ) -> ForwardedPeer {
        let read = self.read(fields);
        let secret = match read.secret {
            Value::One(secret) => Some(secret),
            _ => None,
        };
        if let Err(reason) = self.inner().identity.check(hop, secret) {
            return ForwardedPeer {
                peer: PeerState::Rejected(hop.rejection(reason)),
                client_address: None,
            };
        }
        let field = self.inner().address_field;
        ForwardedPeer {
            peer: self.certified(&read),
            client_address: field.and_then(|field| field.parse(read.address?)),
        }
    }

    fn read<'f>(&self, fields: impl IntoIterator<Item = (&'f [u8], &'f [u8])>) -> Read<'f> {
        let inner = self.inner();
        let dialect = &inner.dialect;
        let optional =
            |name: Option<&str>, field: &[u8]| name.is_some_and(|name| name.as_bytes() == field);
        let mut read = Read::default();
        for (name, value) in fields {
            if name == dialect.certificate.as_bytes() {
                read.values.certificate.add(value);
            } else if optional(dialect.verdict.as_deref(), name) {
                read.values.verdict.add(value);
            } else if optional(dialect.chain.as_deref(), name) {
                read.values.chain.add(value);
            } else if optional(dialect.contradiction(), name) {
                read.values.contradiction.add(value);
            } else if optional(inner.secret_field.as_deref(), name) {
                read.secret.add(value);
            } else if optional(inner.address_field.map(|field| field.name()), name) {
                read.address = Some(value);
            } else if name == b"connection" {
                read.names_certificate_as_hop_by_hop |= self.has_certificate_field(value);
            }
        }
        read
    }

    /// Whether a `Connection` field names a certificate's: a client that makes the proxy drop its own
    /// field would be taken for one without a certificate.
    fn has_certificate_field(&self, connection: &[u8]) -> bool {
        let mut names = connection.split(|byte| *byte == b',');
        names.any(|name| {
            let name = name.trim_ascii();
            is_certificate_field(name) || self.is_own_field(name)
        })
    }

    fn certified(&self, read: &Read<'_>) -> PeerState {
        if read.names_certificate_as_hop_by_hop {
            return rejected("a Connection field of the request names a field of the certificate");
        }
        match self.inner().dialect.presence(read.values) {
            Presence::Absent => PeerState::Absent,
            Presence::Rejected(reason) => rejected(reason),
            Presence::Present(certificate, chain) => self.verified(certificate, chain),
        }
    }

    fn verified(&self, certificate: &[u8], chain: Option<&[u8]>) -> PeerState {
        let inner = self.inner();
        let key = CacheKey {
            certificate,
            chain: chain.unwrap_or_default(),
        };
        let (generation, now) = (inner.verifier.generation(), Instant::now());
        if let Some(peer) = inner.cache.get(key, generation, now) {
            return PeerState::Verified(peer);
        }
        let decoded = match inner.dialect.decode(certificate, chain) {
            Ok(decoded) => decoded,
            Err(reason) => return rejected(reason),
        };
        let intermediates: Vec<_> = decoded.intermediates.iter().map(Vec::as_slice).collect();
        match inner.verifier.verify_chain(&decoded.leaf, &intermediates) {
            PeerState::Verified(peer) => {
                inner.cache.put(key, generation, now, &peer);
                PeerState::Verified(peer)
            }
            // A verifier that finds nothing where there is a leaf has not verified it.
            PeerState::Absent => rejected("it was not verified"),
            refused @ PeerState::Rejected(_) => refused,
        }
    }
}

const fn rejected(reason: Fault) -> PeerState {
    PeerState::Rejected(CertificateError::Forwarded { reason })
}

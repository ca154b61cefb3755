//! The sender of a connection, compared with the configured proxy.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use certsession_core::{CertificateError, PeerCertificate, PeerState, PublicKeyHash};
use subtle::ConstantTimeEq;

use super::dialect::Fault;

/// How a connection reached the application, as its adapter saw it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Hop<'c> {
    /// Over TLS.
    Tls {
        /// The peer of the connection itself.
        peer: &'c PeerState,
        /// The address of the connection itself, if it is known.
        address: Option<IpAddr>,
    },
    /// Over a Unix socket.
    UnixSocket,
}

impl Hop<'_> {
    /// Why a sender is refused that is not the proxy. Who went around the proxy is for the log: the
    /// error names the certificate that the sender itself has presented.
    pub(super) fn rejection(self, fault: Fault) -> CertificateError {
        let not_the_proxy = |reason| CertificateError::NotTheProxy { reason };
        match self {
            Hop::Tls {
                peer: PeerState::Verified(certificate),
                ..
            } => not_the_proxy(Cow::Borrowed(fault)).of(certificate.der()),
            Hop::Tls {
                peer: PeerState::Rejected(error),
                ..
            } => {
                let reason = format!("{fault} ({})", error.cause());
                error.clone().with_cause(not_the_proxy(reason.into()))
            }
            Hop::Tls {
                peer: PeerState::Absent,
                ..
            }
            | Hop::UnixSocket => not_the_proxy(Cow::Borrowed(fault)),
        }
    }
}

/// A secret that the proxy sends along with each request.
///
/// ```
/// use certsession_http::ProxySecret;
///
/// let secret = ProxySecret::new("3d6f0a5c8f7e4b1b9c2d7a60e8f1b5a3c4d7e9f0")?;
/// assert_eq!(format!("{secret:?}"), "ProxySecret(..)");
/// # Ok::<(), certsession_http::WeakSecret>(())
/// ```
#[derive(Clone)]
pub struct ProxySecret(Box<[u8]>);

/// A secret that is too short, or that no header field can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the proxy's secret has to be at least 32 printable ASCII characters: `openssl rand -hex 32` \
     makes one"
)]
pub struct WeakSecret;

impl ProxySecret {
    /// The secret of this text, without the white space around it: a file may end with a line break.
    ///
    /// # Errors
    ///
    /// If it has fewer than 32 characters, or others than printable ASCII ones.
    pub fn new(text: impl AsRef<[u8]>) -> Result<Self, WeakSecret> {
        let secret = text.as_ref().trim_ascii();
        match secret.len() >= 32 && secret.iter().all(u8::is_ascii_graphic) {
            true => Ok(Self(secret.into())),
            false => Err(WeakSecret),
        }
    }

    /// In a time that does not depend on where the two differ.
    fn is(&self, value: &[u8]) -> bool {
        self.0.ct_eq(value).into()
    }
}

impl fmt::Debug for ProxySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxySecret(..)")
    }
}

/// How the proxy is known.
#[derive(Clone, Debug)]
pub(super) enum Identity {
    /// By its certificate, over mutual TLS.
    Certificate {
        keys: Vec<PublicKeyHash>,
        names: Vec<Box<str>>,
    },
    UnixSocket,
    /// By its address and a secret.
    Address {
        addresses: Vec<IpAddr>,
        secret: ProxySecret,
    },
}

/// The proxies that were configured in this process.
static KNOWN: Mutex<Vec<Weak<Identity>>> = Mutex::new(Vec::new());

/// Whether this is the certificate of a proxy that is configured for any socket of this process.
pub(super) fn is_known_proxy(certificate: &PeerCertificate) -> bool {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut known = known.iter().filter_map(Weak::upgrade);
    known.any(|identity| identity.is_of(certificate))
}

impl Identity {
    /// The identity, which this process knows as a proxy's for as long as it is configured.
    pub(super) fn known(self) -> Arc<Self> {
        let this = Arc::new(self);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|identity| identity.strong_count() > 0);
        known.push(Arc::downgrade(&this));
        this
    }

    /// Whether the sender is the proxy; if not, why.
    pub(super) fn check(&self, hop: Hop<'_>, secret: Option<&[u8]>) -> Result<(), Fault> {
        match (self, hop) {
            (Self::Certificate { .. }, Hop::Tls { peer, .. }) => match peer {
                PeerState::Verified(certificate) if self.is_of(certificate) => Ok(()),
                PeerState::Verified(_) => Err("its certificate is another one's"),
                PeerState::Rejected(_) => Err("its certificate was rejected"),
                PeerState::Absent => Err("it has no certificate"),
            },
            (Self::UnixSocket, Hop::UnixSocket) => Ok(()),
            (
                Self::Address {
                    addresses,
                    secret: expected,
                },
                Hop::Tls { address, .. },
            ) => {
                let address = address.ok_or("its address is unknown")?.to_canonical();
                if !addresses.contains(&address) {
                    return Err("its address is another one");
                }
                match secret {
                    Some(secret) if expected.is(secret) => Ok(()),
                    Some(_) => Err("its secret is another one"),
                    None => Err("it sent no secret, or several"),
                }
            }
            _ => Err("it came by another kind of socket"),
        }
    }

    /// Whether a certificate is the proxy's.
    pub(super) fn is_of(&self, certificate: &PeerCertificate) -> bool {
        let Self::Certificate { keys, names } = self else {
            return false;
        };
        let is_name = |name: &str| {
            let mut dns = certificate.dns_names();
            dns.any(|dns| dns.eq_ignore_ascii_case(name))
                || certificate.uris().any(|uri| uri == name)
        };
        keys.contains(certificate.public_key_hash()) || names.iter().any(|name| is_name(name))
    }
}

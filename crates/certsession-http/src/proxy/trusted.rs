//! Who the proxy is, and what it may say.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use certsession_core::{ChainVerifier, PublicKeyHash};

use super::cache::Cache;
use super::client_address::AddressField;
use super::dialect::{Dialect, InvalidFieldName, field_name};
use super::fields::{is_alias, is_certificate_field};
use super::hop::{Identity, ProxySecret};

/// The proxies of one socket: how they are known, the dialect that they write, and the client CAs
/// that the certificates they forward are verified against.
///
/// Clones are the same proxies, and share what was verified.
///
/// ```
/// use certsession_core::{ChainVerifier, PublicKeyHash};
/// use certsession_http::{Dialect, TrustedProxies, TrustedProxiesError};
///
/// # fn build(verifier: impl ChainVerifier, key: PublicKeyHash) -> Result<(), TrustedProxiesError> {
/// // `verifier`: see `certsession_tls::ClientChainVerifier`.
/// let proxies = TrustedProxies::builder()
///     .dialect(Dialect::nginx())
///     .public_key(key)
///     .verifier(verifier)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TrustedProxies(Arc<Inner>);

pub(super) struct Inner {
    pub(super) identity: Arc<Identity>,
    pub(super) dialect: Dialect,
    pub(super) verifier: Arc<dyn ChainVerifier>,
    pub(super) address_field: Option<AddressField>,
    /// Where the proxy sends its secret.
    pub(super) secret_field: Option<Box<str>>,
    pub(super) cache: Cache,
}

/// Puts [`TrustedProxies`] together. Identity, dialect and verifier have to be given; none has a
/// default.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct TrustedProxiesBuilder {
    dialect: Option<Dialect>,
    verifier: Option<Arc<dyn ChainVerifier>>,
    keys: Vec<PublicKeyHash>,
    names: Vec<Box<str>>,
    is_unix_socket: bool,
    addresses: Vec<IpAddr>,
    secret: Option<ProxySecret>,
    secret_field: Box<str>,
    address_field: Option<AddressField>,
}

/// What is missing, or does not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustedProxiesError {
    /// Nothing says how the proxy is known.
    #[error(
        "nothing says who the proxy is: pin its certificate by public_key(..) or name(..), or use \
         unix_socket(), or address(..) with secret(..)"
    )]
    NoIdentity,
    /// Several kinds of identity are given: any of them alone would be enough for a sender.
    #[error(
        "several things say who the proxy is: choose one of its certificate, a Unix socket, and \
         addresses with a secret; sockets may have different ones"
    )]
    SeveralIdentities,
    /// There are addresses and no secret.
    #[error("an address alone does not say who the proxy is: give secret(..) too")]
    NoSecret,
    /// There is a secret and no address.
    #[error("a secret alone does not say who the proxy is: give address(..) too")]
    NoAddress,
    /// A name that no certificate has.
    #[error("an empty name is no name of a proxy")]
    EmptyName,
    /// No dialect is given.
    #[error("nothing says in which form the proxy forwards certificates: call dialect(..)")]
    NoDialect,
    /// There is nothing to verify certificates with.
    #[error(
        "there are no client CAs: without them any certificate would count that the proxy forwards; \
         call verifier(..)"
    )]
    NoVerifier,
}

impl TrustedProxies {
    /// Starts with nothing.
    pub fn builder() -> TrustedProxiesBuilder {
        TrustedProxiesBuilder {
            dialect: None,
            verifier: None,
            keys: Vec::new(),
            names: Vec::new(),
            is_unix_socket: false,
            addresses: Vec::new(),
            secret: None,
            secret_field: TrustedProxiesBuilder::SECRET_FIELD.into(),
            address_field: None,
        }
    }

    /// Whether handlers must not see a field of this name: it says who a client is, or it is the
    /// proxy's secret.
    pub fn is_own_field(&self, name: &[u8]) -> bool {
        let inner = self.inner();
        let mut own = inner.dialect.names().chain(inner.secret_field.as_deref());
        own.any(|own| is_alias(name, own))
    }

    /// As [`is_own_field`](Self::is_own_field), or a field of any other dialect.
    pub fn is_hidden_field(&self, name: &[u8]) -> bool {
        is_certificate_field(name) || self.is_own_field(name)
    }

    /// Whether the proxies come over a Unix socket, and not over TLS.
    pub fn uses_unix_socket(&self) -> bool {
        matches!(*self.inner().identity, Identity::UnixSocket)
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }
}

impl TrustedProxiesBuilder {
    /// The field in which the proxy sends its secret, unless another is chosen.
    pub const SECRET_FIELD: &'static str = "x-proxy-secret";

    /// The form in which the proxy forwards certificates.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// Verifies each leaf against the client CAs. certsession-tls has one for each TLS stack:
    /// `ClientChainVerifier`.
    pub fn verifier(mut self, verifier: impl ChainVerifier) -> Self {
        self.verifier = Some(Arc::new(verifier));
        self
    }

    /// The proxy connects over mutual TLS with a certificate of this public key; each call adds one.
    /// The socket's TLS configuration has to let it in: by `client_public_key` with the same key, or
    /// by its CA.
    pub fn public_key(mut self, key: PublicKeyHash) -> Self {
        self.keys.push(key);
        self
    }

    /// The proxy connects over mutual TLS with a certificate of this name, a DNS name or a URI of its
    /// subject alternative names (a CN does not count); each call adds one. The client CAs of the
    /// socket's TLS configuration have to be those that issue the proxies' certificates, and none that
    /// issues such a name to anyone else.
    pub fn name(mut self, name: impl Into<Box<str>>) -> Self {
        self.names.push(name.into());
        self
    }

    /// The proxy connects to a Unix socket. Every process that may write to it is the proxy: give it, and its
    /// folder, to the proxy's user alone.
    pub fn unix_socket(mut self) -> Self {
        self.is_unix_socket = true;
        self
    }

    /// The proxy connects from this address, and sends a secret; each call adds an address. Second
    /// best: a sender that learns the secret, and can connect from there, is the proxy.
    pub fn address(mut self, address: IpAddr) -> Self {
        self.addresses.push(address.to_canonical());
        self
    }

    /// The secret that goes with [`address`](Self::address).
    pub fn secret(mut self, secret: ProxySecret) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Renames the field of the secret. Default: [`SECRET_FIELD`](Self::SECRET_FIELD).
    ///
    /// # Errors
    ///
    /// If the name is no name of a field, or one with a meaning of its own.
    pub fn secret_field(mut self, name: &str) -> Result<Self, InvalidFieldName> {
        self.secret_field = field_name(name)?;
        Ok(self)
    }

    /// The proxy appends the client's address to this field, whatever the client sent in it. Default:
    /// none, and the address is unknown, since some proxies pass such a field on unchanged.
    pub fn client_address(mut self, field: AddressField) -> Self {
        self.address_field = Some(field);
        self
    }

    /// Puts them together.
    ///
    /// # Errors
    ///
    /// [`TrustedProxiesError`], which names what is missing.
    pub fn build(self) -> Result<TrustedProxies, TrustedProxiesError> {
        let identity = self.identity()?;
        let has_secret = matches!(identity, Identity::Address { .. });
        Ok(TrustedProxies(Arc::new(Inner {
            dialect: self.dialect.ok_or(TrustedProxiesError::NoDialect)?,
            verifier: self.verifier.ok_or(TrustedProxiesError::NoVerifier)?,
            address_field: self.address_field,
            secret_field: has_secret.then_some(self.secret_field),
            cache: Cache::new(),
            // Last, as it counts from then on.
            identity: identity.known(),
        })))
    }

    fn identity(&self) -> Result<Identity, TrustedProxiesError> {
        use TrustedProxiesError as Missing;

        let is_certificate = !self.keys.is_empty() || !self.names.is_empty();
        let is_address = !self.addresses.is_empty() || self.secret.is_some();
        match (is_certificate, self.is_unix_socket, is_address) {
            (true, false, false) if self.names.iter().any(|name| name.is_empty()) => {
                Err(Missing::EmptyName)
            }
            (true, false, false) => Ok(Identity::Certificate {
                keys: self.keys.clone(),
                names: self.names.clone(),
            }),
            (false, true, false) => Ok(Identity::UnixSocket),
            (false, false, true) if self.addresses.is_empty() => Err(Missing::NoAddress),
            (false, false, true) => Ok(Identity::Address {
                addresses: self.addresses.clone(),
                secret: self.secret.clone().ok_or(Missing::NoSecret)?,
            }),
            (false, false, false) => Err(Missing::NoIdentity),
            _ => Err(Missing::SeveralIdentities),
        }
    }
}

impl fmt::Debug for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedProxies")
            .field("identity", &self.inner().identity)
            .field("dialect", &self.inner().dialect)
            .finish_non_exhaustive()
    }
}

//! The requested content of a certificate.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
};
use ring::rand::{SecureRandom, SystemRandom};

use crate::alt_name::AltName;
use crate::validity::{End, Validity};
use crate::{Error, Identity, PrivateKey};

const DEFAULT_DAYS: u32 = 365;
const MAX_SERIAL_BYTES: usize = 20;
/// `ub-common-name`, RFC 5280 appendix A.1.
const MAX_COMMON_NAME_CHARS: usize = 64;

/// A request for a client or server certificate, to be issued by
/// [`Authority::issue`](crate::Authority::issue), which also checks it.
///
/// By default it has a new ECDSA P-256 key and a random serial number of 16 bytes, and is valid for
/// 365 days, beginning five minutes ago (for clocks that are slow).
///
/// ```
/// use certs_dev::{Authority, LeafRequest};
///
/// # fn main() -> Result<(), certs_dev::Error> {
/// let expired = LeafRequest::client("alice")
///     .serial([0x2a])
///     .not_before(1_767_225_600) // 2026-01-01
///     .days(1);
/// Authority::new("example CA")?.issue(&expired)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct LeafRequest {
    common_name: String,
    usage: ExtendedKeyUsagePurpose,
    serial: Option<Vec<u8>>,
    validity: Validity,
    alt_names: Vec<AltName>,
    key: Option<PrivateKey>,
}

impl LeafRequest {
    /// A client certificate (extended key usage clientAuth) with this common name.
    pub fn client(common_name: impl Into<String>) -> Self {
        Self {
            common_name: common_name.into(),
            usage: ExtendedKeyUsagePurpose::ClientAuth,
            serial: None,
            validity: Validity::days(DEFAULT_DAYS),
            alt_names: Vec::new(),
            key: None,
        }
    }

    /// A server certificate (extended key usage serverAuth) for this host, a DNS name or an
    /// IP address, and for this machine: localhost, 127.0.0.1 and ::1.
    pub fn server(host: impl Into<String>) -> Self {
        let mut request = Self::client(host);
        request.usage = ExtendedKeyUsagePurpose::ServerAuth;
        request.alt_names = vec![
            AltName::Dns("localhost".into()),
            AltName::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            AltName::Ip(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        ];
        let host = AltName::host(&request.common_name);
        if !request.alt_names.contains(&host) {
            request.alt_names.push(host);
        }
        request
    }

    /// Sets the serial number: 1 to 20 bytes, big-endian, as an unsigned number.
    ///
    /// DER uses the shortest form: leading zeros are dropped, and a first byte of 0x80 or more gets
    /// a zero before it.
    pub fn serial(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.serial = Some(bytes.into());
        self
    }

    /// Sets the validity in days from its beginning, 1 to 36500; replaces
    /// [`not_after`](Self::not_after).
    pub fn days(mut self, days: u32) -> Self {
        self.validity.end = End::Days(days);
        self
    }

    /// Sets the first moment of validity, in seconds since the Unix epoch.
    pub fn not_before(mut self, unix_seconds: i64) -> Self {
        self.validity.not_before = Some(unix_seconds);
        self
    }

    /// Sets the last moment of validity, in seconds since the Unix epoch; replaces
    /// [`days`](Self::days).
    pub fn not_after(mut self, unix_seconds: i64) -> Self {
        self.validity.end = End::At(unix_seconds);
        self
    }

    /// Adds a SPIFFE id. The standard allows one per certificate; a certificate with a second one
    /// must be rejected.
    pub fn spiffe(mut self, id: impl Into<String>) -> Self {
        self.alt_names.push(AltName::Spiffe(id.into()));
        self
    }

    /// Adds a DNS name.
    pub fn dns(mut self, name: impl Into<String>) -> Self {
        self.alt_names.push(AltName::Dns(name.into()));
        self
    }

    /// Adds an e-mail address.
    pub fn email(mut self, address: impl Into<String>) -> Self {
        self.alt_names.push(AltName::Email(address.into()));
        self
    }

    /// Adds a URI, with any scheme.
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.alt_names.push(AltName::Uri(uri.into()));
        self
    }

    /// Uses this key instead of a new one.
    pub fn key(mut self, key: PrivateKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Uses the key of that identity instead of a new one: a renewal that keeps the key.
    pub fn same_key_as(self, identity: &Identity) -> Self {
        self.key(identity.key().clone())
    }

    /// Replaces the names.
    pub(crate) fn set_alt_names(&mut self, names: impl Iterator<Item = AltName>) {
        self.alt_names = names.collect();
    }

    pub(crate) fn key_or_new(&self) -> Result<PrivateKey, Error> {
        self.key.clone().map_or_else(PrivateKey::generate, Ok)
    }

    pub(crate) fn parameters(&self) -> Result<CertificateParams, Error> {
        let serial = match &self.serial {
            Some(bytes) => checked_serial(bytes)?,
            None => random_serial()?,
        };
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = common_name(&self.common_name)?;
        parameters.serial_number = Some(serial.into());
        (parameters.not_before, parameters.not_after) = self.validity.resolve()?;
        parameters.subject_alt_names = self
            .alt_names
            .iter()
            .map(AltName::check)
            .collect::<Result<_, _>>()?;
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![self.usage.clone()];
        parameters.use_authority_key_identifier_extension = true;
        Ok(parameters)
    }
}

/// A subject with one common name.
pub(crate) fn common_name(name: &str) -> Result<DistinguishedName, Error> {
    if !(1..=MAX_COMMON_NAME_CHARS).contains(&name.chars().count()) {
        return Err(Error::InvalidName {
            kind: "common name",
            value: name.to_owned(),
            reason: "it must have 1 to 64 characters",
        });
    }
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    Ok(subject)
}

/// 16 random bytes for a positive number whose DER encoding has 16 bytes too.
pub(crate) fn random_serial() -> Result<Vec<u8>, Error> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(Error::crypto("draw a random serial number"))?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(bytes.to_vec())
}

fn checked_serial(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    if !(1..=MAX_SERIAL_BYTES).contains(&bytes.len()) {
        return Err(Error::InvalidSerial {
            length: bytes.len(),
        });
    }
    Ok(bytes.to_vec())
}

//! The server's own certificate chain and private key.

use certsession_core::Timestamp;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;

use super::pem::PemSource;
use crate::error::MutualTlsError;
use crate::origin::PemOrigin;

/// What both TLS stacks get. Whether key and certificate belong together is for the stack
/// to say, which knows the key's algorithm; the origins are for its error.
pub(crate) struct ServerIdentity {
    pub(crate) certificate_origin: PemOrigin,
    pub(crate) key_origin: PemOrigin,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl ServerIdentity {
    pub(crate) fn load(
        certificate: &PemSource,
        key: &PemSource,
        now: Timestamp,
    ) -> Result<Self, MutualTlsError> {
        let chain = certificate.read()?.certificates()?;
        for (index, der) in chain.iter().enumerate() {
            let parsed = parse(&certificate.origin(), index + 1, der)?;
            // A restart with an old certificate is a nuisance to clients, but no risk here:
            // say it, and leave it to them.
            if index == 0 && expired(&parsed, now) {
                tracing::warn!(
                    target: "certsession::tls",
                    origin = %certificate.origin(),
                    not_after = %parsed.tbs_certificate().validity().not_after,
                    "the server certificate has expired; clients will refuse it",
                );
            }
        }
        Ok(Self {
            certificate_origin: certificate.origin(),
            key_origin: key.origin(),
            chain,
            key: key.read()?.private_key()?,
        })
    }
}

/// Parses without the checks of RFC 5280 on the serial number: an old CA with a serial of
/// 21 bytes is no reason not to start.
pub(crate) fn parse(
    origin: &PemOrigin,
    position: usize,
    der: &[u8],
) -> Result<CertificateInner<Raw>, MutualTlsError> {
    CertificateInner::from_der(der).map_err(|error| MutualTlsError::UnparsableCertificate {
        origin: origin.clone(),
        position,
        source: error.into(),
    })
}

pub(crate) fn expired(certificate: &CertificateInner<Raw>, now: Timestamp) -> bool {
    let not_after = certificate.tbs_certificate().validity().not_after;
    // RFC 5280 4.1.2.5: valid through notAfter, that is to the end of that second.
    not_after.to_unix_duration().as_secs() < now.as_millis() / 1_000
}

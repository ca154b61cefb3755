//! The CAs that client certificates are verified against, and nothing beside them: no
//! system roots.

use certsession_core::{CaCertificate, Timestamp, TrustAnchor};
use rustls_pki_types::CertificateDer;

use super::pem::PemSource;
use crate::error::MutualTlsError;
use crate::origin::PemOrigin;

/// A CA's certificate, and where it was read from.
#[derive(Clone, Debug)]
pub(crate) struct ClientCa {
    origin: PemOrigin,
    /// Which certificate of the origin, from 1.
    position: usize,
    pub(crate) der: CertificateDer<'static>,
    pub(crate) certificate: CaCertificate,
}

impl ClientCa {
    pub(crate) fn anchor(&self) -> TrustAnchor {
        TrustAnchor::from(&self.certificate)
    }

    /// What a TLS stack says that cannot use it.
    pub(crate) fn unusable(
        &self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> MutualTlsError {
        MutualTlsError::UnparsableCertificate {
            origin: self.origin.clone(),
            position: self.position,
            source: Box::new(source),
        }
    }
}

/// The trust anchors among the certificates that were read, at least one.
///
/// Each has to be a CA's certificate. A leaf in this place would, with OpenSSL, be accepted
/// from the client that holds its key, and with rustls never; so it is an error with both. How it
/// is written is the TLS stack's to judge: what that accepts is accepted.
///
/// A CA that has expired is left out, with a warning: rustls does not look at the dates of
/// a trust anchor and would go on trusting it. An old root beside its successor does no
/// harm so, and an old root alone is an error.
pub(crate) fn trusted(
    read: Vec<ClientCa>,
    now: Timestamp,
) -> Result<Vec<ClientCa>, MutualTlsError> {
    let mut trusted = Vec::new();
    let mut last_expired: Option<CaCertificate> = None;
    for ca in read {
        if is_expired(&ca.certificate, now) {
            warn_expired(&ca);
            if last_expired
                .as_ref()
                .is_none_or(|last| last.not_after() < ca.certificate.not_after())
            {
                last_expired = Some(ca.certificate);
            }
            continue;
        }
        check_is_ca(&ca)?;
        trusted.push(ca);
    }
    match last_expired {
        _ if !trusted.is_empty() => Ok(trusted),
        None => Err(MutualTlsError::NoClientCa),
        Some(ca) => Err(MutualTlsError::ClientCasExpired {
            subject: ca.subject().to_owned(),
            not_after: ca.not_after().to_string(),
        }),
    }
}

/// The certificates of CAs out of all `sources`, whatever they are for.
pub(crate) fn read(sources: &[PemSource]) -> Result<Vec<ClientCa>, MutualTlsError> {
    let mut read = Vec::new();
    for source in sources {
        let origin = source.origin();
        for (index, der) in source.read()?.certificates()?.into_iter().enumerate() {
            let position = index + 1;
            let certificate = CaCertificate::from_der(&der).map_err(|error| {
                MutualTlsError::UnparsableCertificate {
                    origin: origin.clone(),
                    position,
                    source: error.into(),
                }
            })?;
            read.push(ClientCa {
                origin: origin.clone(),
                position,
                der,
                certificate,
            });
        }
    }
    Ok(read)
}

fn check_is_ca(ca: &ClientCa) -> Result<(), MutualTlsError> {
    let reason = if !ca.certificate.is_ca() {
        "its basic constraints do not say CA:TRUE"
    } else if !ca.certificate.may_sign_certificates() {
        "its key usage does not allow to sign certificates"
    } else {
        return Ok(());
    };
    Err(MutualTlsError::NotACa {
        origin: ca.origin.clone(),
        position: ca.position,
        subject: ca.certificate.subject().to_owned(),
        reason,
    })
}

/// RFC 5280 section 4.1.2.5: valid through notAfter, that is to the end of that second.
fn is_expired(certificate: &CaCertificate, now: Timestamp) -> bool {
    certificate.not_after().as_millis() / 1_000 < now.as_millis() / 1_000
}

fn warn_expired(ca: &ClientCa) {
    tracing::warn!(
        target: "certsession::tls",
        origin = %ca.origin,
        position = ca.position,
        subject = ca.certificate.subject(),
        not_after = %ca.certificate.not_after(),
        "this client CA has expired and is left out; remove it from the file",
    );
}

//! The CAs that client certificates are verified against, and nothing beside them: no
//! system roots.

use certsession_core::Timestamp;
use rustls_pki_types::CertificateDer;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use super::identity::{expired, parse};
use super::pem::PemSource;
use crate::error::MutualTlsError;
use crate::origin::PemOrigin;

/// The trust anchors out of all `sources`, at least one.
///
/// Each has to be a CA's certificate. A leaf in this place would, with OpenSSL, be accepted
/// from the client that holds its key, and with rustls never; so it is an error with both.
///
/// A CA that has expired is left out, with a warning: rustls does not look at the dates of
/// a trust anchor and would go on trusting it. An old root beside its successor does no
/// harm so, and an old root alone is an error.
pub(crate) fn load(
    sources: &[PemSource],
    now: Timestamp,
) -> Result<Vec<CertificateDer<'static>>, MutualTlsError> {
    let mut trusted = Vec::new();
    let mut last_expired: Option<CertificateInner<Raw>> = None;
    for source in sources {
        let origin = source.origin();
        for (index, der) in source.read()?.certificates()?.into_iter().enumerate() {
            let certificate = parse(&origin, index + 1, &der)?;
            check_is_ca(&origin, index + 1, &certificate)?;
            if expired(&certificate, now) {
                warn_expired(&origin, &certificate);
                if last_expired
                    .as_ref()
                    .is_none_or(|last| not_after(last) < not_after(&certificate))
                {
                    last_expired = Some(certificate);
                }
            } else {
                trusted.push(der);
            }
        }
    }
    match last_expired {
        _ if !trusted.is_empty() => Ok(trusted),
        None => Err(MutualTlsError::NoClientCa),
        Some(ca) => Err(MutualTlsError::ClientCasExpired {
            subject: subject(&ca),
            not_after: ca.tbs_certificate().validity().not_after.to_string(),
        }),
    }
}

fn check_is_ca(
    origin: &PemOrigin,
    position: usize,
    certificate: &CertificateInner<Raw>,
) -> Result<(), MutualTlsError> {
    let tbs = certificate.tbs_certificate();
    let unparsable = |error: x509_cert::der::Error| MutualTlsError::UnparsableCertificate {
        origin: origin.clone(),
        position,
        source: error.into(),
    };
    let basic = tbs
        .get_extension::<BasicConstraints>()
        .map_err(unparsable)?;
    let usage = tbs.get_extension::<KeyUsage>().map_err(unparsable)?;
    let reason = if !basic.is_some_and(|(_, basic)| basic.ca) {
        "its basic constraints do not say CA:TRUE"
    } else if usage.is_some_and(|(_, usage)| !usage.key_cert_sign()) {
        "its key usage does not allow to sign certificates"
    } else {
        return Ok(());
    };
    Err(MutualTlsError::NotACa {
        origin: origin.clone(),
        position,
        subject: subject(certificate),
        reason,
    })
}

fn warn_expired(origin: &PemOrigin, certificate: &CertificateInner<Raw>) {
    tracing::warn!(
        target: "certsession::tls",
        %origin,
        subject = subject(certificate),
        not_after = %certificate.tbs_certificate().validity().not_after,
        "this client CA has expired and is left out; remove it from the file",
    );
}

fn not_after(certificate: &CertificateInner<Raw>) -> std::time::Duration {
    let validity = certificate.tbs_certificate().validity();
    validity.not_after.to_unix_duration()
}

fn subject(certificate: &CertificateInner<Raw>) -> String {
    certificate.tbs_certificate().subject().to_string()
}

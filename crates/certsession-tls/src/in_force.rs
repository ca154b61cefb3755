//! Which certificates are in force, and when they expire: for a health check.

use std::sync::{Arc, PoisonError, RwLock};

use certsession_core::Timestamp;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;

use crate::sources::Parts;

/// What a certificate of a configuration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateRole {
    /// The server's own, or one of its chain.
    Server,
    /// A CA that client certificates are verified against.
    ClientCa,
}

/// A certificate that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateInForce {
    role: CertificateRole,
    subject: String,
    not_after: Timestamp,
}

/// The certificates of a configuration, as they are at each moment: files that change are followed.
/// Clones look at the same configuration, for as long as the process runs.
///
/// ```no_run
/// use certsession_tls::MutualTls;
///
/// # fn warn(tls: &MutualTls, soon: certsession_core::Timestamp) {
/// for certificate in tls.certificates().list().iter() {
///     if certificate.not_after() < soon {
///         println!("{} expires at {}", certificate.subject(), certificate.not_after());
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct CertificatesInForce(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    list: RwLock<Arc<[CertificateInForce]>>,
    #[cfg(feature = "metrics")]
    gauges: crate::meter::ExpiryGauges,
}

impl CertificateRole {
    /// The stable name, a label of metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::ClientCa => "client_ca",
        }
    }
}

impl CertificateInForce {
    /// What it is for.
    pub const fn role(&self) -> CertificateRole {
        self.role
    }

    /// Its subject, for people to read.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Until when it is valid.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

impl CertificatesInForce {
    /// The certificates: the server's chain, its own first, then the client CAs.
    ///
    /// With the feature `metrics` it also sets the gauge of their expiry.
    pub fn list(&self) -> Arc<[CertificateInForce]> {
        let list = self.0.list.read().unwrap_or_else(PoisonError::into_inner);
        let list = Arc::clone(&list);
        #[cfg(feature = "metrics")]
        self.0.gauges.set(list.iter().map(|certificate| {
            let subject = certificate.subject().to_owned();
            let labels = (certificate.role().as_str(), subject);
            (labels, certificate.not_after())
        }));
        list
    }

    pub(crate) fn replace(&self, list: Vec<CertificateInForce>) {
        let mut current = self.0.list.write().unwrap_or_else(PoisonError::into_inner);
        *current = list.into();
    }

    /// What the parts of a configuration hold.
    pub(crate) fn of(parts: &Parts) -> Vec<CertificateInForce> {
        // They were parsed when they were loaded.
        let identity = parts.identity.iter();
        let server = identity
            .flat_map(|identity| &identity.chain)
            .filter_map(|der| {
                let certificate = CertificateInner::<Raw>::from_der(der).ok()?;
                let certificate = certificate.tbs_certificate();
                let not_after = certificate.validity().not_after.to_unix_duration();
                Some(CertificateInForce {
                    role: CertificateRole::Server,
                    subject: one_line(&certificate.subject().to_string()),
                    not_after: Timestamp::from_millis(u64::try_from(not_after.as_millis()).ok()?),
                })
            });
        let client_cas = parts.client_cas.iter().map(|ca| CertificateInForce {
            role: CertificateRole::ClientCa,
            subject: ca.certificate.subject().to_owned(),
            not_after: ca.certificate.not_after(),
        });
        server.chain(client_cas).collect()
    }
}

fn one_line(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .collect()
}

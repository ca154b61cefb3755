//! One TLS configuration and one store of TLS sessions per certificate.
//!
//! rustls resumes no session across configurations whose client certificates differ, so a
//! configuration is made for each actor, and nothing here is process-wide.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionMemoryCache, ResolvesClientCert, Resumption, WebPkiServerVerifier,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// The TLS side of one certificate, or of none.
#[derive(Clone, Debug)]
pub(crate) struct ClientTls {
    key: Option<Arc<CertifiedKey>>,
    trust: ServerTrust,
    asked: Arc<AtomicBool>,
    /// How a `curl` command names the files.
    pub(crate) files: Option<(String, String)>,
}

/// Which application protocols a connection offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocols {
    Http1,
    Http2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsVersion {
    Any,
    Only12,
    Only13,
}

/// Whether TLS sessions are kept for another connection of the same configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    Never,
    WherePossible,
}

/// Which servers are trusted.
#[derive(Clone, Debug)]
pub(crate) struct ServerTrust {
    verifier: Arc<Verifier>,
}

impl ServerTrust {
    /// Trusts the certificates of a file: authorities, or the server's own.
    pub(crate) fn of_file(path: &Path) -> Result<Self, String> {
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        if certificates.is_empty() {
            return Err(format!("{} holds no certificate", path.display()));
        }
        Self::of(certificates)
    }

    pub(crate) fn of_system() -> Result<Self, String> {
        Self::of(rustls_native_certs::load_native_certs().certs)
    }

    fn of(certificates: Vec<CertificateDer<'static>>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.iter().cloned());
        let inner = match roots.is_empty() {
            true => None,
            false => Some(
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
                    .build()
                    .map_err(|error| format!("the authorities cannot be used: {error}"))?,
            ),
        };
        Ok(Self {
            verifier: Arc::new(Verifier {
                inner,
                pinned: certificates,
            }),
        })
    }
}

impl ClientTls {
    pub(crate) fn anonymous(trust: &ServerTrust) -> Self {
        Self {
            key: None,
            trust: trust.clone(),
            asked: Arc::default(),
            files: None,
        }
    }

    pub(crate) fn of_files(
        certificate: &Path,
        key: &Path,
        trust: &ServerTrust,
    ) -> Result<Self, String> {
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| format!("cannot read {}: {error}", certificate.display()))?;
        let private = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| format!("cannot read {}: {error}", key.display()))?;
        let mut tls = Self::of_der(chain, private, trust)
            .map_err(|error| format!("{}: {error}", certificate.display()))?;
        tls.files = Some((certificate.display().to_string(), key.display().to_string()));
        Ok(tls)
    }

    pub(crate) fn of_der(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        trust: &ServerTrust,
    ) -> Result<Self, String> {
        if chain.is_empty() {
            return Err("there is no certificate in it".to_owned());
        }
        let key = provider()
            .key_provider
            .load_private_key(key)
            .map_err(|error| format!("the key cannot be used: {error}"))?;
        let key = CertifiedKey::new(chain, key);
        // A key of another certificate fails every handshake, with an alert that reads like the
        // refusal that some checks look for.
        if let Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) =
            key.keys_match()
        {
            return Err("the key is not the certificate's".to_owned());
        }
        Ok(Self {
            key: Some(Arc::new(key)),
            trust: trust.clone(),
            asked: Arc::default(),
            files: None,
        })
    }

    /// The certificate that is shown to the server, as DER.
    pub(crate) fn leaf(&self) -> Option<&CertificateDer<'static>> {
        self.key.as_ref().and_then(|key| key.cert.first())
    }

    /// Whether a server has asked for a certificate in some handshake.
    pub(crate) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    pub(crate) fn config(
        &self,
        protocols: Protocols,
        version: TlsVersion,
        resume: Resume,
    ) -> Result<Arc<ClientConfig>, String> {
        let versions: &[&rustls::SupportedProtocolVersion] = match version {
            TlsVersion::Any => &[&rustls::version::TLS13, &rustls::version::TLS12],
            TlsVersion::Only12 => &[&rustls::version::TLS12],
            TlsVersion::Only13 => &[&rustls::version::TLS13],
        };
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(self.trust.verifier.clone())
            .with_client_cert_resolver(Arc::new(Resolver {
                key: self.key.clone(),
                asked: self.asked.clone(),
            }));
        config.alpn_protocols = match protocols {
            Protocols::Http1 => vec![b"http/1.1".to_vec()],
            Protocols::Http2 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        };
        config.resumption = match resume {
            Resume::Never => Resumption::disabled(),
            Resume::WherePossible => Resumption::store(Arc::new(ClientSessionMemoryCache::new(16))),
        };
        Ok(Arc::new(config))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Notes that the server asked, which tells mutual TLS from a server that ignores certificates.
#[derive(Debug)]
struct Resolver {
    key: Option<Arc<CertifiedKey>>,
    asked: Arc<AtomicBool>,
}

impl ResolvesClientCert for Resolver {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        // Also without one: rustls asks `resolve` only then.
        true
    }
}

/// The usual verification, and with it a server's own certificate in place of an authority:
/// development servers sign their certificates themselves.
#[derive(Debug)]
struct Verifier {
    inner: Option<Arc<WebPkiServerVerifier>>,
    pinned: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self
            .pinned
            .iter()
            .any(|pinned| pinned.as_ref() == end_entity.as_ref())
        {
            return Ok(ServerCertVerified::assertion());
        }
        match &self.inner {
            Some(inner) => {
                inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            None => Err(rustls::CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            cert,
            dss,
            &provider().signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            dss,
            &provider().signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

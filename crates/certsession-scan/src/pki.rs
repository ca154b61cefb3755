//! Certificates that are minted for a check: like the victim's, but for one thing.

use std::path::Path;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use http::HeaderName;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevocationReason, RevokedCertParams, SanType, SerialNumber,
};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::config::CertificateFiles;
use crate::forge::random_bytes;
use crate::http::{ClientTls, ServerTrust};

/// What a minted certificate is like.
#[derive(Clone, Debug)]
pub(crate) struct Mint {
    subject: DistinguishedName,
    issuer: DistinguishedName,
    names: Vec<SanType>,
    serial: Vec<u8>,
    same_serial: bool,
    valid_for: Duration,
}

/// A certificate with its key.
#[derive(Debug)]
pub(crate) struct Minted {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
    serial: Vec<u8>,
    not_after: OffsetDateTime,
}

impl Mint {
    /// Like a certificate: its subject and names, with a serial and a key of its own.
    pub(crate) fn like(leaf: &CertificateDer<'_>) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(leaf)
            .map_err(|error| format!("the victim's certificate does not parse: {error}"))?;
        let mut names = Vec::new();
        if let Ok(Some(alternative)) = certificate.subject_alternative_name() {
            for name in &alternative.value.general_names {
                let name = match name {
                    GeneralName::DNSName(name) => (*name).try_into().ok().map(SanType::DnsName),
                    GeneralName::RFC822Name(name) => {
                        (*name).try_into().ok().map(SanType::Rfc822Name)
                    }
                    GeneralName::URI(name) => (*name).try_into().ok().map(SanType::URI),
                    _ => None,
                };
                names.extend(name);
            }
        }
        Ok(Self {
            subject: distinguished(certificate.subject()),
            issuer: distinguished(certificate.issuer()),
            names,
            serial: certificate.raw_serial().to_vec(),
            same_serial: false,
            valid_for: Duration::from_secs(3_600),
        })
    }

    pub(crate) fn with_same_serial(&self) -> Self {
        Self {
            same_serial: true,
            ..self.clone()
        }
    }

    pub(crate) fn valid_for(&self, time: Duration) -> Self {
        Self {
            valid_for: time,
            ..self.clone()
        }
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = self.subject.clone();
        params.subject_alt_names = self.names.clone();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let now = OffsetDateTime::now_utc();
        params.not_before = now - Duration::from_secs(60);
        params.not_after = now + self.valid_for;
        params.use_authority_key_identifier_extension = true;
        let serial = match self.same_serial {
            true => self.serial.clone(),
            false => {
                let mut serial = random_bytes(16);
                // Positive and of full length.
                serial[0] = serial[0] & 0x7f | 0x40;
                serial
            }
        };
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params
    }
}

impl Minted {
    pub(crate) fn tls(&self, trust: &ServerTrust) -> Result<ClientTls, String> {
        ClientTls::of_der(
            vec![self.certificate.clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone())),
            trust,
        )
    }

    pub(crate) fn time_left(&self) -> Duration {
        let left = self.not_after - OffsetDateTime::now_utc();
        left.try_into().unwrap_or(Duration::ZERO)
    }
}

/// Issues a certificate by an authority whose key is at hand.
pub(crate) fn issue(authority: &CertificateFiles, mint: &Mint) -> Result<Minted, String> {
    minted(&issuer(authority)?, mint)
}

/// Issues a certificate by an authority that no one trusts and that has the name of the real one.
pub(crate) fn of_a_stranger(mint: &Mint) -> Result<Minted, String> {
    let key = KeyPair::generate().map_err(|error| error.to_string())?;
    let mut params = CertificateParams::default();
    params.distinguished_name = mint.issuer.clone();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    minted(&Issuer::new(params, key), &mint.with_same_serial())
}

/// Adds a certificate to the revocation list in a file.
pub(crate) fn revoke(
    authority: &CertificateFiles,
    minted: &Minted,
    file: &Path,
) -> Result<(), String> {
    let now = OffsetDateTime::now_utc();
    let before = std::fs::read(file).unwrap_or_default();
    let is_pem = before.is_empty() || before.starts_with(b"-----");
    let mut revoked_certs = earlier_entries(&before, is_pem);
    revoked_certs.push(RevokedCertParams {
        serial_number: SerialNumber::from_slice(&minted.serial),
        revocation_time: now - Duration::from_secs(1),
        reason_code: Some(RevocationReason::KeyCompromise),
        invalidity_date: None,
    });
    let list = CertificateRevocationListParams {
        this_update: now - Duration::from_secs(1),
        next_update: now + Duration::from_secs(3_600),
        // Later lists have greater numbers; the time is greater than any that counts from one.
        crl_number: SerialNumber::from(u64::try_from(now.unix_timestamp()).unwrap_or(1)),
        issuing_distribution_point: None,
        revoked_certs,
        key_identifier_method: KeyIdMethod::Sha256,
    }
    .signed_by(&issuer(authority)?)
    .map_err(|error| format!("the revocation list: {error}"))?;
    let content = match is_pem {
        true => list.pem().map_err(|error| error.to_string())?.into_bytes(),
        false => list.der().to_vec(),
    };
    replace(file, &content)
}

/// Writes a file so that a reader sees the old content or the new.
pub(crate) fn replace(file: &Path, content: &[u8]) -> Result<(), String> {
    let beside = file.with_extension("scan-tmp");
    std::fs::write(&beside, content)
        .and_then(|()| std::fs::rename(&beside, file))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))
}

/// The headers by which proxies tell of a certificate, each with a certificate in it that was not
/// proven; once for each way of writing it.
pub(crate) fn forged_headers(leaf: &CertificateDer<'_>) -> Vec<Vec<(HeaderName, String)>> {
    const CERTIFICATE: [&str; 10] = [
        "x-ssl-client-cert",
        "x-ssl-cert",
        "x-client-tls-cert",
        "ssl-client-cert",
        "x-client-cert",
        "x-forwarded-tls-client-cert",
        "x-amzn-mtls-clientcert",
        "x-arr-clientcert",
        "client-cert",
        "x-client-certificate",
    ];
    let base64 = Base64::encode_string(leaf);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    );
    let escaped: String = pem
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let sha1 = hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, leaf).as_ref());
    let sha256 = hex(digest(&SHA256, leaf).as_ref());
    let (subject, serial, common_name) = match X509Certificate::from_der(leaf) {
        Ok((_, certificate)) => (
            certificate.subject().to_string(),
            hex(certificate.raw_serial()),
            certificate
                .subject()
                .iter_common_name()
                .find_map(|name| name.as_str().ok().map(str::to_owned))
                .unwrap_or_default(),
        ),
        Err(_) => Default::default(),
    };
    let facts = [
        ("x-ssl-client-verify", "SUCCESS".to_owned()),
        ("ssl-client-verify", "SUCCESS".to_owned()),
        ("x-client-verify", "SUCCESS".to_owned()),
        ("x-ssl-client-s-dn", subject.clone()),
        ("ssl-client-s-dn", subject.clone()),
        ("ssl-client-subject-dn", subject.clone()),
        ("x-ssl-client-dn", subject.clone()),
        ("x-ssl-client-subject", subject.clone()),
        ("x-client-dn", subject.clone()),
        ("x-client-subject", subject.clone()),
        ("x-client-cert-subject", subject.clone()),
        ("x-ssl-client-cn", common_name.clone()),
        ("x-ssl-client-s-dn-cn", common_name.clone()),
        ("x-client-cert-cn", common_name.clone()),
        ("x-client-cn", common_name),
        ("x-ssl-client-serial", serial.clone()),
        ("x-client-cert-serial", serial.clone()),
        ("x-client-serial", serial),
        ("x-ssl-client-fingerprint", sha1.clone()),
        ("x-ssl-client-sha1", sha1),
        ("x-client-fingerprint", sha256.clone()),
        ("x-client-cert-fingerprint", sha256.clone()),
        ("x-client-cert-sha256", sha256.clone()),
        ("x-ssl-client-sha256", sha256.clone()),
        (
            "x-forwarded-client-cert",
            format!("Hash={sha256};Cert=\"{escaped}\";Subject=\"{subject}\""),
        ),
    ];
    [escaped, base64.clone(), format!(":{base64}:")]
        .into_iter()
        .map(|certificate| {
            CERTIFICATE
                .into_iter()
                .map(|name| (HeaderName::from_static(name), certificate.clone()))
                .chain(
                    facts
                        .iter()
                        .map(|(name, value)| (HeaderName::from_static(name), value.clone())),
                )
                .collect()
        })
        .collect()
}

fn issuer(authority: &CertificateFiles) -> Result<Issuer<'static, KeyPair>, String> {
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let key = KeyPair::from_pem(&read(&authority.key)?)
        .map_err(|error| format!("{}: {error}", authority.key.display()))?;
    Issuer::from_ca_cert_pem(&read(&authority.certificate)?, key)
        .map_err(|error| format!("{}: {error}", authority.certificate.display()))
}

fn minted(issuer: &Issuer<'_, KeyPair>, mint: &Mint) -> Result<Minted, String> {
    let key = KeyPair::generate().map_err(|error| error.to_string())?;
    let params = mint.params();
    let certificate = params
        .signed_by(&key, issuer)
        .map_err(|error| format!("no certificate could be minted: {error}"))?;
    Ok(Minted {
        certificate: certificate.der().clone(),
        key: key.serialize_der(),
        serial: params
            .serial_number
            .as_ref()
            .map(|serial| serial.to_bytes())
            .unwrap_or_default(),
        not_after: params.not_after,
    })
}

fn distinguished(name: &x509_parser::x509::X509Name<'_>) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    for attribute in name.iter_attributes() {
        let (Some(oid), Ok(value)) = (attribute.attr_type().iter(), attribute.as_str()) else {
            continue;
        };
        let oid: Vec<u64> = oid.collect();
        distinguished.push(DnType::from_oid(&oid), value);
    }
    distinguished
}

fn earlier_entries(content: &[u8], is_pem: bool) -> Vec<RevokedCertParams> {
    let der = match is_pem {
        true => match x509_parser::pem::parse_x509_pem(content) {
            Ok((_, pem)) => pem.contents,
            Err(_) => return Vec::new(),
        },
        false => content.to_vec(),
    };
    let Ok((_, list)) = x509_parser::revocation_list::CertificateRevocationList::from_der(&der)
    else {
        return Vec::new();
    };
    list.iter_revoked_certificates()
        .map(|entry| RevokedCertParams {
            serial_number: SerialNumber::from_slice(entry.raw_serial()),
            revocation_time: entry.revocation_date.to_datetime(),
            reason_code: None,
            invalidity_date: None,
        })
        .collect()
}

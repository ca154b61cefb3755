//! The certificates of these tests, minted in memory.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use certsession_core::{CaCertificate, PublicKeyHash};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, DistinguishedName, DnType,
    DnValue, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, date_time_ymd,
};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::{ClientAuth, MutualTls, MutualTlsBuilder, MutualTlsError};

/// Builds for one TLS stack, and names it for a failing test.
pub(super) type Build = (
    &'static str,
    fn(&MutualTlsBuilder) -> Result<MutualTls, MutualTlsError>,
);

pub(super) const STACKS: &[Build] = &[
    #[cfg(feature = "rustls-0_23")]
    ("rustls", MutualTlsBuilder::build_rustls),
    #[cfg(feature = "openssl")]
    ("openssl", MutualTlsBuilder::build_openssl),
];

pub(super) struct Ca(CertifiedIssuer<'static, KeyPair>);

/// A revocation list in both forms.
pub(super) struct List {
    pub(super) pem: String,
    pub(super) der: Vec<u8>,
}

pub(super) struct Leaf {
    pub(super) pem: String,
    pub(super) der: Vec<u8>,
    pub(super) key: KeyPair,
}

impl List {
    /// The same with one bit of the signature changed.
    pub(super) fn damaged(mut self) -> Self {
        *self.der.last_mut().unwrap() ^= 1;
        self.pem = pem("X509 CRL", &self.der);
        self
    }
}

impl Ca {
    pub(super) fn new(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    pub(super) fn with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let params = ca_params(name, change);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A CA under this one.
    pub(super) fn intermediate(&self, name: &str) -> Self {
        self.intermediate_with(name, KeyPair::generate().unwrap(), |_| {})
    }

    /// A CA under this one, with this key.
    pub(super) fn intermediate_with(
        &self,
        name: &str,
        key: KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let params = ca_params(name, change);
        Self(CertifiedIssuer::signed_by(params, key, &self.0).unwrap())
    }

    /// A certificate that it gives itself for the same key.
    pub(super) fn again(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        Self(CertifiedIssuer::self_signed(ca_params(name, change), self.key()).unwrap())
    }

    /// Its key.
    pub(super) fn key(&self) -> KeyPair {
        KeyPair::from_pem(&self.0.key().serialize_pem()).unwrap()
    }

    /// A client's certificate whose signature is made with this hash, in DER.
    pub(super) fn client_hashed(&self, hash: openssl::hash::MessageDigest) -> Vec<u8> {
        use openssl::asn1::{Asn1Integer, Asn1Time};
        use openssl::bn::BigNum;
        use openssl::pkey::PKey;
        use openssl::x509::extension::ExtendedKeyUsage;
        use openssl::x509::{X509, X509Builder, X509Name};

        let key = |key: &KeyPair| PKey::private_key_from_der(&key.serialize_der()).unwrap();
        let issuer = X509::from_der(self.0.der()).unwrap();
        let mut name = X509Name::builder().unwrap();
        name.append_entry_by_text("CN", "alice").unwrap();
        let serial = Asn1Integer::from_bn(&BigNum::from_u32(77).unwrap()).unwrap();
        let mut leaf = X509Builder::new().unwrap();
        leaf.set_version(2).unwrap();
        leaf.set_serial_number(&serial).unwrap();
        leaf.set_subject_name(&name.build()).unwrap();
        leaf.set_issuer_name(issuer.subject_name()).unwrap();
        leaf.set_not_before(&Asn1Time::days_from_now(0).unwrap())
            .unwrap();
        leaf.set_not_after(&Asn1Time::days_from_now(7).unwrap())
            .unwrap();
        leaf.set_pubkey(&key(&KeyPair::generate().unwrap()))
            .unwrap();
        let usage = ExtendedKeyUsage::new().client_auth().build().unwrap();
        leaf.append_extension(usage).unwrap();
        leaf.sign(&key(self.0.key()), hash).unwrap();
        leaf.build().to_der().unwrap()
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(super) fn der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    /// A client's certificate in which the issuer's name is a string of another type.
    pub(super) fn client_of_respelt_issuer(&self, issuer: &str) -> Leaf {
        let mut params = ca_params(issuer, |_| {});
        let printable = DnValue::PrintableString(issuer.try_into().unwrap());
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, printable);
        let issuer = Issuer::new(params, self.key());
        let params = CertificateParams::new(vec!["alice".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Leaf {
            pem: certificate.pem(),
            der: certificate.der().to_vec(),
            key,
        }
    }

    pub(super) fn key_hash(&self) -> PublicKeyHash {
        *CaCertificate::from_der(&self.der())
            .unwrap()
            .public_key_hash()
    }

    pub(super) fn server(&self) -> Leaf {
        self.leaf("localhost", |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        })
    }

    pub(super) fn client(&self, name: &str) -> Leaf {
        self.leaf(name, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        })
    }

    pub(super) fn leaf(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Leaf {
            pem: certificate.pem(),
            der: certificate.der().to_vec(),
            key,
        }
    }

    /// A list that was made so many hours ago and is good for a week.
    pub(super) fn crl(&self, revoked: &[&Leaf], hours_ago: u32) -> List {
        self.crl_with(revoked, hours_ago, |_| {})
    }

    /// One of several lists, each of another distribution point.
    pub(super) fn shard(&self, revoked: &[&Leaf], uri: &str) -> List {
        self.crl_with(revoked, 1, |list| {
            list.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
                distribution_point: CrlDistributionPoint {
                    uris: vec![uri.to_owned()],
                },
                scope: Some(CrlScope::UserCertsOnly),
            });
        })
    }

    fn crl_with(
        &self,
        revoked: &[&Leaf],
        hours_ago: u32,
        change: impl FnOnce(&mut CertificateRevocationListParams),
    ) -> List {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let made = date_time_ymd(1970, 1, 1) + now - Duration::from_secs(3600) * hours_ago;
        let entry = |leaf: &&Leaf| {
            let peer = certsession_core::PeerCertificate::from_der(&leaf.der).unwrap();
            RevokedCertParams {
                serial_number: peer.serial().as_bytes().to_vec().into(),
                revocation_time: made,
                reason_code: None,
                invalidity_date: None,
            }
        };
        let mut params = CertificateRevocationListParams {
            this_update: made,
            next_update: made + Duration::from_secs(7 * 24 * 3600),
            crl_number: 1_u64.into(),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        change(&mut params);
        let list = params.signed_by(&self.0).unwrap();
        List {
            pem: list.pem().unwrap(),
            der: list.der().to_vec(),
        }
    }

    /// A server of this CA's that trusts this CA's clients.
    pub(super) fn mutual_tls(&self, client_auth: ClientAuth) -> MutualTlsBuilder {
        let server = self.server();
        MutualTls::builder()
            .server_identity_pem(server.pem, server.key.serialize_pem())
            .client_ca_pem(self.pem())
            .client_auth(client_auth)
    }
}

/// A leaf of `cases`, with its key.
pub(super) fn case(name: &str) -> Leaf {
    let pem = case_text(&format!("{name}.pem"));
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    Leaf {
        der: der.to_vec(),
        key: KeyPair::from_pem(&case_text(&format!("{name}.key"))).unwrap(),
        pem,
    }
}

pub(super) fn case_bytes(file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/cases");
    std::fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

pub(super) fn case_text(file: &str) -> String {
    String::from_utf8(case_bytes(file)).unwrap()
}

pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = openssl::base64::encode_block(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn ca_params(name: &str, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    change(&mut params);
    params
}

/// Makes what it is given to expire in the past.
pub(super) fn expired(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2019, 1, 1);
    params.not_after = date_time_ymd(2020, 1, 1);
}

/// Makes what it is given to become valid in the far future.
pub(super) fn not_yet_valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2098, 1, 1);
    params.not_after = date_time_ymd(2099, 1, 1);
}

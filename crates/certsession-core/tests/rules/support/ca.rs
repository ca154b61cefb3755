//! Certificates that a CA issued.

use std::sync::Arc;
use std::time::Duration;

use certsession_core::{CaCertificate, Owner, PeerCertificate, PeerState, Timestamp, TrustAnchor};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    SanType, SerialNumber, date_time_ymd,
};

use super::{HOUR, NOW};

/// A test CA that issues any certificate.
pub(crate) struct Ca(CertifiedIssuer<'static, KeyPair>);

/// A certificate to be issued.
pub(crate) struct Certificate {
    serial: u64,
    subject: String,
    key: KeyPair,
    not_before: Timestamp,
    not_after: Timestamp,
    alt_names: Vec<SanType>,
}

impl Ca {
    pub(crate) fn named(name: &str) -> Self {
        Self::of(name, KeyPair::generate().unwrap(), None)
    }

    /// A CA of a SPIFFE trust domain.
    pub(crate) fn of_domain(name: &str, trust_domain: &str) -> Self {
        Self::of(name, KeyPair::generate().unwrap(), Some(trust_domain))
    }

    fn of(name: &str, key: KeyPair, trust_domain: Option<&str>) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let uri = |domain| SanType::URI(format!("spiffe://{domain}").try_into().unwrap());
        params.subject_alt_names = trust_domain.map(uri).into_iter().collect();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn anchor(&self) -> TrustAnchor {
        TrustAnchor::from(&CaCertificate::from_der(self.0.der()).unwrap())
    }

    /// One whose chain ended in that CA.
    pub(crate) fn issue_under(&self, anchor: &Self, certificate: &Certificate) -> PeerState {
        self.issue(certificate).verified_by(anchor.anchor())
    }

    pub(crate) fn issue(&self, certificate: &Certificate) -> PeerState {
        let peer = self.issue_odd(certificate);
        assert!(peer.certificate().is_some(), "{peer:?}");
        peer
    }

    /// Issues a certificate that may be rejected.
    pub(crate) fn issue_odd(&self, certificate: &Certificate) -> PeerState {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(&certificate.subject);
        params.serial_number = Some(SerialNumber::from(certificate.serial));
        params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(certificate.not_before);
        params.not_after = date_time_ymd(1970, 1, 1) + since_epoch(certificate.not_after);
        params.subject_alt_names.clone_from(&certificate.alt_names);
        let issued = params.signed_by(&certificate.key, &self.0).unwrap();
        PeerState::from_leaf(Some(issued.der()))
    }
}

impl Certificate {
    /// A certificate with a key of its own, valid since an hour ago and for thirty days.
    pub(crate) fn serial(serial: u64) -> Self {
        Self::with_key(serial, KeyPair::generate().unwrap())
    }

    pub(crate) fn with_key(serial: u64, key: KeyPair) -> Self {
        Self {
            serial,
            subject: format!("someone of {serial}"),
            key,
            not_before: Timestamp::from_millis(NOW.as_millis() - HOUR.as_millis() as u64),
            not_after: NOW + 30 * 24 * HOUR,
            alt_names: Vec::new(),
        }
    }

    /// The certificate of someone else, or of the same one again.
    pub(crate) fn subject(mut self, subject: &str) -> Self {
        subject.clone_into(&mut self.subject);
        self
    }

    pub(crate) fn subject_name(&self) -> &str {
        &self.subject
    }

    /// Adds a SPIFFE id, or any other URI.
    pub(crate) fn uri(mut self, uri: &str) -> Self {
        self.alt_names.push(SanType::URI(uri.try_into().unwrap()));
        self
    }

    pub(crate) fn dns(mut self, name: &str) -> Self {
        self.alt_names
            .push(SanType::DnsName(name.try_into().unwrap()));
        self
    }

    /// Moves the validity this much later.
    pub(crate) fn later(mut self, by: Duration) -> Self {
        self.not_before = self.not_before + by;
        self.not_after = self.not_after + by;
        self
    }

    pub(crate) fn valid(mut self, not_before: Timestamp, not_after: Timestamp) -> Self {
        self.not_before = not_before;
        self.not_after = not_after;
        self
    }

    /// A later certificate for the same key.
    pub(crate) fn renewed(&self, serial: u64, after: Duration) -> Self {
        let (not_before, not_after) = (self.not_before + after, self.not_after + after);
        self.of_same_key(serial).valid(not_before, not_after)
    }

    /// A certificate for the same key with the same begin and this end.
    pub(crate) fn renewed_until(&self, serial: u64, not_after: Timestamp) -> Self {
        self.of_same_key(serial).valid(self.not_before, not_after)
    }

    fn of_same_key(&self, serial: u64) -> Self {
        let key = KeyPair::from_pem(&self.key.serialize_pem()).unwrap();
        Self::with_key(serial, key).subject(&self.subject)
    }
}

/// The owner of the sessions that are bound to a peer's certificate.
pub(crate) fn owner(peer: &PeerState) -> Owner {
    let certificate: &Arc<PeerCertificate> = peer.certificate().unwrap();
    Owner::Certificate {
        issuer: *certificate.issuer_hash(),
        serial: certificate.serial().clone(),
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn since_epoch(time: Timestamp) -> Duration {
    time.saturating_since(Timestamp::from_millis(0))
}

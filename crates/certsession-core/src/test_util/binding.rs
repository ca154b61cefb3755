//! Certificate facts without a certificate.

use std::sync::Arc;
use std::time::Duration;

use crate::binding::Binding;
use crate::certificate::{
    Fingerprint, IdentityName, IssuerHash, PublicKeyHash, SerialNumber, TrustAnchor,
};
use crate::store::Owner;
use crate::time::Timestamp;

/// 2020-01-01 00:00 UTC.
const NOT_BEFORE: Timestamp = Timestamp::from_millis(1_577_836_800_000);

/// A hundred years: no test outlives its samples.
const VALIDITY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The facts of a certificate that nobody issued, for tests of a store: a store looks no
/// further than at these.
///
/// ```
/// use certsession_core::test_util::SampleBinding;
///
/// let ours = SampleBinding::new(7).build();
/// let theirs = SampleBinding::new(7).issuer("another CA").build();
/// assert_eq!(ours.serial(), theirs.serial());
/// assert_ne!(ours.issuer(), theirs.issuer());
/// ```
#[derive(Clone, Debug)]
pub struct SampleBinding {
    number: u32,
    key: u32,
    issuer: String,
    not_before: Timestamp,
    names: Vec<(IdentityName, String)>,
    anchor: Option<TrustAnchor>,
}

impl SampleBinding {
    /// The certificate of this serial number, with a key of its own, valid from 2020 for a
    /// hundred years.
    pub fn new(number: u32) -> Self {
        Self {
            number,
            key: number,
            issuer: "sample CA".to_owned(),
            not_before: NOT_BEFORE,
            names: Vec::new(),
            anchor: None,
        }
    }

    /// Sets the issuer. Default: the same for all.
    #[must_use]
    pub fn issuer(mut self, name: &str) -> Self {
        name.clone_into(&mut self.issuer);
        self
    }

    /// Gives it the key of the certificate of this number, as a renewal that keeps the key does.
    #[must_use]
    pub const fn same_key_as(mut self, number: u32) -> Self {
        self.key = number;
        self
    }

    /// Gives it a name by which its owner can stay the same.
    #[must_use]
    pub fn name(mut self, kind: IdentityName, name: &str) -> Self {
        self.names.push((kind, name.to_owned()));
        self
    }

    /// Has it verified by the CA of this number, in a SPIFFE trust domain or in none. Default: the
    /// CA is not known.
    #[must_use]
    pub fn verified_by(mut self, number: u32, trust_domain: Option<&str>) -> Self {
        self.anchor = Some(TrustAnchor {
            public_key: PublicKeyHash::of(&number.to_be_bytes()),
            trust_domain: trust_domain.map(|name| IdentityName::Uri.hash(name)),
        });
        self
    }

    /// Makes it this much newer than the others.
    #[must_use]
    pub fn newer_by(mut self, duration: Duration) -> Self {
        self.not_before = self.not_before + duration;
        self
    }

    /// The facts.
    pub fn build(self) -> Arc<Binding> {
        let not_after = self.not_before + VALIDITY;
        let whole = self.whole();
        Arc::new(Binding {
            fingerprint: Fingerprint::of(whole.as_bytes()),
            public_key: PublicKeyHash::of(&self.key.to_be_bytes()),
            issuer: IssuerHash::of(self.issuer.as_bytes()),
            serial: SerialNumber::from_bytes(&self.number.to_be_bytes()),
            subject: format!("CN=sample {}", self.number).into(),
            not_before: self.not_before,
            not_after,
            names: self
                .names
                .iter()
                .map(|(kind, name)| kind.hash(name))
                .collect(),
            anchor: self.anchor,
        })
    }

    /// What stands for the bytes of the certificate. A sample without names has the fingerprint
    /// that it has in records which were written down long ago.
    fn whole(&self) -> String {
        let Self {
            number,
            key,
            issuer,
            not_before,
            names,
            anchor: _,
        } = self;
        let names = match names.as_slice() {
            [] => String::new(),
            names => format!(", names: {names:?}"),
        };
        format!(
            "SampleBinding {{ number: {number}, key: {key}, issuer: {issuer:?}, \
             not_before: {not_before:?}{names} }}"
        )
    }

    /// The owner whose index holds the sessions that are bound to it.
    pub fn owner(self) -> Owner {
        Owner::bound_to(&self.build())
    }
}

//! Bindings without a certificate.

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

/// A hundred years: no test runs beyond the validity of its samples.
const VALIDITY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The facts of a certificate that was never issued, for tests of a store: a store uses nothing but
/// these facts.
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
    /// Creates the binding to the certificate with this serial number, with a key of its own, valid
    /// from 2020 for a hundred years.
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

    /// Sets the issuer. Default: the same for all samples.
    #[must_use]
    pub fn issuer(mut self, name: &str) -> Self {
        name.clone_into(&mut self.issuer);
        self
    }

    /// Uses the key of the certificate with this number, like a renewal that keeps the key.
    #[must_use]
    pub const fn same_key_as(mut self, number: u32) -> Self {
        self.key = number;
        self
    }

    /// Adds a name by which its owner can be identified.
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

    /// Makes the certificate newer than the others by this duration.
    #[must_use]
    pub fn newer_by(mut self, duration: Duration) -> Self {
        self.not_before = self.not_before + duration;
        self
    }

    /// Builds the binding.
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

    /// A text in place of the certificate's bytes. A sample without names keeps the fingerprint
    /// that it has in records that were written long ago.
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

    /// The owner of the sessions that are bound to this certificate.
    pub fn owner(self) -> Owner {
        Owner::bound_to(&self.build())
    }
}

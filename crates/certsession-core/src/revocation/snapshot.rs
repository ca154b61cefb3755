//! What is in force at one moment.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::crl::Crl;
use super::entries::{ByCall, Serials};
use crate::certificate::{IssuerHash, PublicKeyHash, SerialNumber};
use crate::time::Timestamp;

/// What a list says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationStatus {
    /// Nothing is known against it.
    Good,
    /// It is revoked, or its key is.
    Revoked,
    /// The list of its issuer is overdue, so that nobody can say.
    Unknown,
}

/// What is in force at one moment: never changed, only replaced.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    /// The lists, by where they come from.
    sources: BTreeMap<String, Vec<Crl>>,
    by_call: Arc<ByCall>,
    /// The lists again, by issuer.
    issuers: HashMap<IssuerHash, Issuer>,
}

#[derive(Clone, Debug)]
struct Issuer {
    serials: Vec<Arc<Serials>>,
    /// When the first of them is overdue.
    next_update: Timestamp,
}

impl Snapshot {
    /// How many lookups this takes depends on how many lists an issuer has, not on their length.
    pub(super) fn status(
        &self,
        issuer: &IssuerHash,
        serial: &SerialNumber,
        key: &PublicKeyHash,
        now: Timestamp,
    ) -> RevocationStatus {
        let by_call = &*self.by_call;
        let is_in = |serials: &Serials| serials.contains(serial);
        if by_call.keys.contains(key) || by_call.certificates.get(issuer).is_some_and(is_in) {
            return RevocationStatus::Revoked;
        }
        match self.issuers.get(issuer) {
            None => RevocationStatus::Good,
            Some(issuer) if issuer.serials.iter().any(|serials| is_in(serials)) => {
                RevocationStatus::Revoked
            }
            Some(issuer) if issuer.next_update < now => RevocationStatus::Unknown,
            Some(_) => RevocationStatus::Good,
        }
    }

    /// With these lists in the place of those from the same source.
    pub(super) fn with_source(&self, source: &str, crls: Vec<Crl>) -> Self {
        let mut sources = self.sources.clone();
        sources.insert(source.to_owned(), crls);
        let mut issuers: HashMap<IssuerHash, Issuer> = HashMap::new();
        for crl in sources.values().flatten() {
            let issuer = issuers.entry(crl.issuer).or_insert_with(|| Issuer {
                serials: Vec::new(),
                next_update: Timestamp::MAX,
            });
            issuer.serials.push(Arc::clone(&crl.serials));
            issuer.next_update = issuer.next_update.min(crl.next_update);
        }
        let by_call = Arc::clone(&self.by_call);
        Self {
            sources,
            by_call,
            issuers,
        }
    }

    pub(super) fn with_by_call(&self, by_call: ByCall) -> Self {
        Self {
            by_call: Arc::new(by_call),
            ..self.clone()
        }
    }

    pub(super) fn by_call(&self) -> &ByCall {
        &self.by_call
    }

    /// The lists from this source.
    pub(super) fn source(&self, source: &str) -> &[Crl] {
        self.sources.get(source).map_or(&[], Vec::as_slice)
    }

    /// Whether a certificate is named, by whatever list.
    pub(super) fn names(&self, issuer: &IssuerHash, serial: &[u8]) -> bool {
        let listed = self.issuers.get(issuer);
        let mut lists = listed.into_iter().flat_map(|issuer| &issuer.serials);
        lists.any(|serials| serials.holds(serial))
            || self
                .by_call
                .certificates
                .get(issuer)
                .is_some_and(|serials| serials.holds(serial))
    }

    /// Every certificate that is named.
    pub(super) fn certificates(&self) -> impl Iterator<Item = (IssuerHash, &[u8])> {
        let listed = self.sources.values().flatten();
        let listed = listed.map(|crl| (crl.issuer, &*crl.serials));
        let called = &self.by_call.certificates;
        let called = called.iter().map(|(issuer, serials)| (*issuer, serials));
        listed
            .chain(called)
            .flat_map(|(issuer, serials)| serials.iter().map(move |serial| (issuer, serial)))
    }

    pub(super) fn len(&self) -> usize {
        let listed: usize = self.sources.values().flatten().map(Crl::len).sum();
        let called = &self.by_call;
        let certificates: usize = called.certificates.values().map(Serials::len).sum();
        listed + certificates + called.keys.len()
    }
}

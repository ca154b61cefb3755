//! What is in force at one moment.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::crl::Crl;
use super::entries::{ByCall, Serials};
use super::succession::Source;
use crate::certificate::{CanonicalName, IssuerHash, PublicKeyHash, SerialNumber};
use crate::time::Timestamp;

/// What a list says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationStatus {
    /// Nothing is known against it.
    Good,
    /// It is revoked, or its key is.
    Revoked,
    /// The list of its issuer is overdue, so that no one can say.
    Unknown,
}

/// What is in force at one moment: never changed, only replaced.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    /// The lists, by where they come from.
    sources: BTreeMap<String, Arc<Source>>,
    by_call: Arc<ByCall>,
    /// The lists again, by issuer.
    issuers: HashMap<CanonicalName, Issuer>,
    /// How issuers spell their names.
    spellings: HashMap<IssuerHash, CanonicalName>,
}

/// How a certificate is known to the lists.
#[derive(Clone, Copy)]
pub(super) struct Subject<'s> {
    pub(super) issuer: &'s IssuerHash,
    /// Where it is not known, the issuer is found by a spelling that has been seen.
    pub(super) issuer_name: Option<CanonicalName>,
    pub(super) serial: &'s SerialNumber,
    pub(super) key: &'s PublicKeyHash,
}

#[derive(Clone, Debug, Default)]
struct Issuer {
    lists: Vec<InForce>,
    /// Until when the last of their keys is expected to sign a successor.
    signs_until: Timestamp,
}

#[derive(Clone, Debug)]
struct InForce {
    serials: Arc<Serials>,
    next_update: Timestamp,
    /// Until when its key is expected to sign a successor.
    signs_until: Timestamp,
}

impl Issuer {
    fn is_overdue(&self, now: Timestamp) -> bool {
        let mut overdue = self.lists.iter().filter(|list| list.next_update < now);
        overdue.any(|list| counts(list.signs_until, self.signs_until, now))
    }
}

/// Whether it matters that a list is overdue: whether it should have a successor. A key that has
/// expired, or was taken out of the configuration, signs none, and is none of the others' business
/// as long as another key of its issuer's signs lists. If it was the last one that does, nothing
/// says any more that a certificate is good, whatever other certificates the issuer has: those of
/// a CA that leaves its lists to a key of their own, for example.
pub(super) fn counts(
    signs_until: Timestamp,
    issuer_signs_until: Timestamp,
    now: Timestamp,
) -> bool {
    signs_until >= now || issuer_signs_until < now
}

impl Snapshot {
    /// How many lookups this takes depends on how many lists an issuer has, not on their length.
    pub(super) fn status(&self, subject: Subject<'_>, now: Timestamp) -> RevocationStatus {
        let by_call = &*self.by_call;
        let is_in = |serials: &Serials| serials.contains(subject.serial);
        if by_call.keys.contains(subject.key)
            || by_call
                .certificates
                .get(subject.issuer)
                .is_some_and(|serials| is_in(serials))
        {
            return RevocationStatus::Revoked;
        }
        let name = subject.issuer_name;
        let name = name.or_else(|| self.spellings.get(subject.issuer).copied());
        match name.and_then(|name| self.issuers.get(&name)) {
            None => RevocationStatus::Good,
            Some(issuer) if issuer.lists.iter().any(|list| is_in(&list.serials)) => {
                RevocationStatus::Revoked
            }
            Some(issuer) if issuer.is_overdue(now) => RevocationStatus::Unknown,
            Some(_) => RevocationStatus::Good,
        }
    }

    /// With this source in the place of the one of the same name.
    pub(super) fn with_source(&self, name: &str, source: Source) -> Self {
        let mut sources = self.sources.clone();
        sources.insert(name.to_owned(), Arc::new(source));
        let mut issuers: HashMap<CanonicalName, Issuer> = HashMap::new();
        let mut spellings = HashMap::new();
        for source in sources.values() {
            for crl in &source.lists {
                let issuer = issuers.entry(crl.name).or_default();
                let signs_until = source.signs_until(crl);
                issuer.signs_until = issuer.signs_until.max(signs_until);
                issuer.lists.push(InForce {
                    serials: Arc::clone(&crl.serials),
                    next_update: crl.next_update,
                    signs_until,
                });
                spellings.extend(crl.names.iter().map(|spelling| (*spelling, crl.name)));
            }
        }
        let by_call = Arc::clone(&self.by_call);
        Self {
            sources,
            by_call,
            issuers,
            spellings,
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

    /// What is in force of this source.
    pub(super) fn source(&self, name: &str) -> Option<&Arc<Source>> {
        self.sources.get(name)
    }

    /// The lists.
    pub(super) fn lists(&self) -> impl Iterator<Item = &Crl> {
        self.sources.values().flat_map(|source| &source.lists)
    }

    /// The lists, each with until when its key signs, and until when the last of its issuer's does.
    pub(super) fn signed_lists(&self) -> impl Iterator<Item = (&Crl, Timestamp, Timestamp)> {
        self.sources.values().flat_map(|source| {
            source.lists.iter().map(|crl| {
                let signs_until = source.signs_until(crl);
                let issuer = self.issuers.get(&crl.name);
                let last = issuer.map_or(signs_until, |issuer| issuer.signs_until);
                (crl, signs_until, last)
            })
        })
    }

    /// The sets of serial numbers, each with the spellings of its issuer.
    pub(super) fn sets(&self) -> impl Iterator<Item = (&[IssuerHash], &Arc<Serials>)> {
        let listed = self.lists().map(|crl| (&*crl.names, &crl.serials));
        let called = self.by_call.certificates.iter();
        listed.chain(called.map(|(issuer, serials)| (std::slice::from_ref(issuer), serials)))
    }

    pub(super) fn len(&self) -> usize {
        let listed: usize = self.lists().map(Crl::len).sum();
        let called = &self.by_call;
        let certificates: usize = called
            .certificates
            .values()
            .map(|serials| serials.len())
            .sum();
        listed + certificates + called.keys.len()
    }
}

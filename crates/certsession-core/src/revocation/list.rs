//! The list of what is revoked, which a whole application shares.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, Weak};

use super::crl::{Crl, OnOverdueCrl};
use super::entries::Revocation;
use super::error::CrlError;
use super::pending::PendingRevocations;
use super::report::CrlReport;
use super::snapshot::{RevocationStatus, Snapshot, Subject};
use super::succession::{Ca, Source};
use super::verifier::{CrlVerifier, Verified};
use crate::binding::Binding;
use crate::certificate::PeerCertificate;
use crate::time::Timestamp;

/// The list of what is revoked. Clones are the same list: the one that the rules ask on each
/// request, and TLS in each handshake.
///
/// Asking takes the same few lookups however many entries there are. What is revoked by call
/// is kept for as long as the process lives.
///
/// ```
/// use certsession_core::{MemoryStore, RevocationList, SessionManager};
///
/// let revoked = RevocationList::new();
/// let sessions = SessionManager::builder(MemoryStore::new()).revocations(&revoked).build();
/// assert!(revoked.is_empty());
/// # let _ = sessions;
/// ```
#[derive(Clone, Debug, Default)]
pub struct RevocationList(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    on_overdue_crl: OnOverdueCrl,
    current: RwLock<Arc<Snapshot>>,
    /// Locked by each change, so that two changes come one after the other.
    readers: Mutex<Vec<Weak<PendingRevocations>>>,
}

impl RevocationList {
    /// An empty list. Overdue lists are refused: [`OnOverdueCrl::Refuse`].
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty list with another policy for overdue lists.
    pub fn on_overdue_crl(on_overdue_crl: OnOverdueCrl) -> Self {
        Self(Arc::new(Shared {
            on_overdue_crl,
            ..Shared::default()
        }))
    }

    /// What happens when a list is overdue.
    pub fn overdue_crl_policy(&self) -> OnOverdueCrl {
        self.0.on_overdue_crl
    }

    /// Revokes a certificate, or a key. The sessions of a certificate end as soon as the
    /// adapter's task comes to it; [`SessionManager::revoke_certificate`] waits for that.
    ///
    /// [`SessionManager::revoke_certificate`]: crate::SessionManager::revoke_certificate
    pub fn revoke(&self, revocation: Revocation) {
        self.revoke_all([revocation]);
    }

    /// Revokes several in one step.
    pub fn revoke_all(&self, revocations: impl IntoIterator<Item = Revocation>) {
        let mut readers = self.change();
        let before = self.snapshot();
        let mut by_call = before.by_call().clone();
        for revocation in revocations {
            by_call.insert(&revocation);
        }
        self.publish(&mut readers, &before, before.with_by_call(by_call));
    }

    /// Verifies the lists of one source, such as a file, and puts them in force, each in the
    /// place of the one that it succeeds: of the same issuer and key, about the same certificates.
    ///
    /// Each list is judged on its own. What cannot be used is skipped; what is missing stays in
    /// force as it was. The report says so, list by list, and which of it is an error. A list of
    /// an issuer that is none of the verifier's CAs, or whose CA has expired, is none.
    ///
    /// An overdue list is refused (or not, by [`overdue_crl_policy`](Self::overdue_crl_policy)),
    /// unless there is none of its issuer in force: then it comes into force, and its issuer's
    /// certificates are [`Unknown`](RevocationStatus::Unknown).
    pub fn load<L: AsRef<[u8]>>(
        &self,
        source: &str,
        lists: &[L],
        verifier: &CrlVerifier<'_>,
        now: Timestamp,
    ) -> CrlReport {
        let judge = |der: &L| verifier.judge(der.as_ref(), self.0.on_overdue_crl, now);
        let verified = lists.iter().map(judge).collect();
        let cas = verifier.cas().iter().map(Ca::from).collect();
        self.succeed(source, verified, cas, now)
    }

    /// Puts lists that were verified in force, as [`load`](Self::load) does.
    ///
    /// # Errors
    ///
    /// [`CrlError::Older`] if one of them is older than that of the same place in force,
    /// [`CrlError::IssuerMissing`] if there is none any more of an issuer that the source had a
    /// list of; the others are in force all the same.
    pub fn replace(&self, source: &str, crls: Vec<Crl>) -> Result<(), CrlError> {
        let mut cas: Vec<Ca> = crls.iter().map(Ca::from).collect();
        if let Some(before) = self.snapshot().source(source) {
            cas.extend(
                before
                    .cas
                    .iter()
                    .filter(|ca| !cas.contains(ca))
                    .copied()
                    .collect::<Vec<_>>(),
            );
        }
        let verified = crls.into_iter().map(|crl| Verified {
            issuer: None,
            result: Ok(crl),
            overdue: None,
        });
        let report = self.succeed(source, verified.collect(), cas, Timestamp::from_millis(0));
        let mut losses = report
            .problems
            .into_iter()
            .filter(|problem| problem.is_loss);
        losses.next().map_or(Ok(()), |problem| Err(problem.error))
    }

    fn succeed(
        &self,
        name: &str,
        verified: Vec<Verified>,
        cas: Vec<Ca>,
        now: Timestamp,
    ) -> CrlReport {
        let mut readers = self.change();
        let before = self.snapshot();
        let none = Arc::new(Source::default());
        let source = before.source(name).unwrap_or(&none);
        let (source, report) = source.succeed(verified, cas, now);
        self.publish(&mut readers, &before, before.with_source(name, source));
        report
    }

    /// What it says of a certificate.
    pub fn status(&self, certificate: &PeerCertificate, now: Timestamp) -> RevocationStatus {
        let subject = Subject {
            issuer: certificate.issuer_hash(),
            issuer_name: Some(certificate.issuer_name()),
            serial: certificate.serial(),
            key: certificate.public_key_hash(),
        };
        match (self.current().status(subject, now), self.0.on_overdue_crl) {
            (RevocationStatus::Unknown, OnOverdueCrl::Warn) => RevocationStatus::Good,
            (status, _) => status,
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.current().len()
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the certificate that a session is bound to is revoked. One whose list is overdue
    /// is not: the session waits.
    pub(crate) fn revokes(&self, bound: &Binding, now: Timestamp) -> bool {
        let subject = Subject {
            issuer: bound.issuer(),
            issuer_name: None,
            serial: bound.serial(),
            key: bound.public_key(),
        };
        self.current().status(subject, now) == RevocationStatus::Revoked
    }

    /// Where additions arrive from now on; to begin with, everything that is on the list.
    pub(crate) fn subscribe(&self) -> Arc<PendingRevocations> {
        let mut readers = self.change();
        let pending = Arc::new(PendingRevocations::default());
        announce(&pending, &Snapshot::default(), &self.snapshot());
        readers.push(Arc::downgrade(&pending));
        pending
    }

    fn publish(
        &self,
        readers: &mut Vec<Weak<PendingRevocations>>,
        before: &Snapshot,
        after: Snapshot,
    ) {
        let after = Arc::new(after);
        *self
            .0
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::clone(&after);
        readers.retain(|reader| {
            let Some(pending) = reader.upgrade() else {
                return false;
            };
            announce(&pending, before, &after);
            true
        });
    }

    /// The list as it is, to look at for long.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current())
    }

    /// The list as it is, for one look: each request takes one, and would pay for a copy.
    fn current(&self) -> RwLockReadGuard<'_, Arc<Snapshot>> {
        let current = self.0.current.read();
        current.unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> MutexGuard<'_, Vec<Weak<PendingRevocations>>> {
        self.0
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells which certificates are on the list that were not on it before.
fn announce(pending: &PendingRevocations, before: &Snapshot, after: &Snapshot) {
    for (issuers, serials) in after.sets() {
        for issuer in issuers {
            let sets = before.sets();
            let of_issuer = sets.filter(|(issuers, _)| issuers.contains(issuer));
            let before: Vec<_> = of_issuer.map(|(_, serials)| Arc::clone(serials)).collect();
            if !before.iter().any(|before| Arc::ptr_eq(before, serials)) {
                pending.push(*issuer, serials, before);
            }
        }
    }
}

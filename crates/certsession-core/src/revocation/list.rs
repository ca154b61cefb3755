//! The list of what is revoked, which a whole application shares.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, Weak};

use super::crl::{Crl, CrlError};
use super::entries::Revocation;
use super::pending::PendingRevocations;
use super::snapshot::{RevocationStatus, Snapshot};
use crate::binding::Binding;
use crate::certificate::PeerCertificate;
use crate::time::Timestamp;

/// What happens when the successor of a list is overdue (its nextUpdate has passed).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnOverdueCrl {
    /// Nobody whose certificate that issuer has issued is let in until there is a new list. The
    /// default: whoever can keep the new list away must not gain by it.
    #[default]
    Refuse,
    /// The old list goes on, and an expired one is accepted.
    Warn,
}

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
    /// Held by whoever changes the list, so that two changes come one after the other.
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

    /// Puts the lists of one source, such as a file, in the place of those that the source had
    /// before: in one step.
    ///
    /// # Errors
    ///
    /// [`CrlError::Older`] if one of them is older than that of the same issuer and source in
    /// force, [`CrlError::IssuerMissing`] if there is none any more of an issuer that the source
    /// had a list of; nothing is changed then.
    pub fn replace(&self, source: &str, crls: Vec<Crl>) -> Result<(), CrlError> {
        let mut readers = self.change();
        let before = self.snapshot();
        succeeds(before.source(source), &crls)?;
        self.publish(&mut readers, &before, before.with_source(source, crls));
        Ok(())
    }

    /// What it says of a certificate.
    pub fn status(&self, certificate: &PeerCertificate, now: Timestamp) -> RevocationStatus {
        let status = self.current().status(
            certificate.issuer_hash(),
            certificate.serial(),
            certificate.public_key_hash(),
            now,
        );
        match (status, self.0.on_overdue_crl) {
            (RevocationStatus::Unknown, OnOverdueCrl::Warn) => RevocationStatus::Good,
            _ => status,
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
        let current = self.current();
        let status = current.status(bound.issuer(), bound.serial(), bound.public_key(), now);
        status == RevocationStatus::Revoked
    }

    /// Where additions arrive from now on; to begin with, everything that is on the list.
    pub(crate) fn subscribe(&self) -> Arc<PendingRevocations> {
        let mut readers = self.change();
        let pending = Arc::new(PendingRevocations::default());
        pending.push(self.snapshot().certificates());
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
            let certificates = after.certificates();
            pending.push(certificates.filter(|(issuer, serial)| !before.names(issuer, serial)));
            true
        });
    }

    /// The list as it is, to look at for long.
    fn snapshot(&self) -> Arc<Snapshot> {
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

/// Whether new lists can take the place of old ones: for each issuer, neither the oldest nor the
/// newest of its lists goes back in time. (A file may hold several lists of one issuer, each of
/// a part of its certificates.)
fn succeeds(before: &[Crl], after: &[Crl]) -> Result<(), CrlError> {
    let span = |crls: &[Crl], issuer| {
        let dates = crls.iter().filter(|crl| crl.issuer == issuer);
        let dates = dates.map(|crl| crl.this_update);
        Some((dates.clone().min()?, dates.max()?))
    };
    for old in before {
        let Some((oldest, newest)) = span(before, old.issuer) else {
            continue;
        };
        match span(after, old.issuer) {
            None => return Err(CrlError::IssuerMissing),
            Some(new) if new.0 < oldest || new.1 < newest => return Err(CrlError::Older),
            Some(_) => {}
        }
    }
    Ok(())
}

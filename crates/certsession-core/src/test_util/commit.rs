//! Commits without the rules.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::record::{principal, revision};
use crate::binding::Binding;
use crate::data::Changes;
use crate::record::Record;
use crate::store::{Admission, Commit, Rotation, Supersede};
use crate::time::Timestamp;
use crate::token::TokenHash;

/// A commit for tests of a store. Outside of tests only the rules create commits.
///
/// ```
/// use certsession_core::test_util::{SampleCommit, SampleRecord};
/// use certsession_core::Decision;
///
/// let record = SampleRecord::new(1).build();
/// let commit = SampleCommit::on(&record).insert("cart", "[7]").build();
/// let Decision::Apply { record, .. } = record.apply(&commit) else { panic!("it is applied") };
/// assert_eq!(record.data().get("cart"), Some(&b"[7]"[..]));
/// ```
#[derive(Clone, Debug)]
pub struct SampleCommit(Commit);

impl SampleCommit {
    /// Creates a commit of a request that loaded this record with its current token, at the time
    /// when the record was last used. It changes nothing yet.
    pub fn on(record: &Record) -> Self {
        Self(Commit {
            loaded: Arc::new(record.clone()),
            revision: revision(),
            token_hash: record.token_hash,
            now: record.last_seen_at,
            changes: Changes::default(),
            rotation: None,
            resealed: None,
            sign_in: None,
            details: None,
            rebind: None,
            idle_deadline: record.idle_deadline,
            absolute_deadline: None,
            admission: None,
            max_data_size: usize::MAX,
            max_record_size: usize::MAX,
        })
    }

    /// Sets the time of the commit. The deadlines stay unchanged.
    #[must_use]
    pub const fn at(mut self, now: Timestamp) -> Self {
        self.0.now = now;
        self
    }

    /// Writes a JSON text under a key.
    #[must_use]
    pub fn insert(mut self, key: &str, json: &str) -> Self {
        let json = json.as_bytes().into();
        self.0.changes.insert(key.to_owned().into(), json);
        self
    }

    /// Removes a key.
    #[must_use]
    pub fn remove(mut self, key: &str) -> Self {
        self.0.changes.remove(key.to_owned().into());
        self
    }

    /// Removes a key that the loaded record holds, on the condition that its value is unchanged.
    #[must_use]
    pub fn take_once(mut self, key: &str) -> Self {
        let json = self.0.loaded.data.get(key).map(Into::into);
        self.0.changes.expect(key.to_owned().into(), json);
        self.remove(key)
    }

    /// Writes a JSON text under a key, on the condition that the key has no value.
    #[must_use]
    pub fn insert_if_absent(mut self, key: &str, json: &str) -> Self {
        self.0.changes.expect(key.to_owned().into(), None);
        self.insert(key, json)
    }

    /// Drops every key but these.
    #[must_use]
    pub fn retain(mut self, keys: &[&str]) -> Self {
        let kept: BTreeSet<_> = keys.iter().map(|key| (*key).to_owned().into()).collect();
        self.0.changes.retain(&kept);
        self
    }

    /// Replaces the token at once, as a privilege change does.
    #[must_use]
    pub fn rotate(self) -> Self {
        self.supersede(Supersede::AtOnce)
    }

    /// Replaces the token like a periodic renewal: the previous token is accepted `until` then.
    #[must_use]
    pub fn renew(self, until: Timestamp) -> Self {
        self.supersede(Supersede::WithGrace(until))
    }

    /// Signs a principal in, with a new token. Data and deadlines stay unchanged.
    ///
    /// # Panics
    ///
    /// If the name is not a valid principal.
    #[must_use]
    pub fn sign_in(mut self, name: &str) -> Self {
        self.0.sign_in = Some(principal(name));
        self.rotate()
    }

    /// Binds the session to a renewed certificate.
    #[must_use]
    pub fn rebind(mut self, binding: &Arc<Binding>) -> Self {
        self.0.rebind = Some(Arc::clone(binding));
        self
    }

    /// Sets when the session ends if it is not used again.
    #[must_use]
    pub const fn idle_deadline(mut self, deadline: Timestamp) -> Self {
        self.0.idle_deadline = deadline;
        self
    }

    /// Restarts the absolute lifetime with this deadline.
    #[must_use]
    pub const fn absolute_deadline(mut self, deadline: Timestamp) -> Self {
        self.0.absolute_deadline = Some(deadline);
        self
    }

    /// Limits the sessions of the principal who signs in.
    #[must_use]
    pub const fn admission(mut self, admission: Admission) -> Self {
        self.0.admission = Some(admission);
        self
    }

    /// Sets the maximum data size of the session, in bytes. Default: no limit.
    #[must_use]
    pub const fn max_data_size(mut self, bytes: usize) -> Self {
        self.0.max_data_size = bytes;
        self
    }

    /// Limits what the record may take when it is encoded, in bytes. Default: no limit.
    #[must_use]
    pub const fn max_record_size(mut self, bytes: usize) -> Self {
        self.0.max_record_size = bytes;
        self
    }

    /// Builds the commit. Each has a revision of its own.
    pub fn build(mut self) -> Commit {
        self.0.revision = revision();
        self.0
    }

    fn supersede(mut self, supersede: Supersede) -> Self {
        let token_hash = new_token_hash();
        self.0.rotation = Some(Rotation {
            token_hash,
            supersede,
            wrapped: None,
        });
        self
    }
}

/// A token hash that no other sample of this process has.
fn new_token_hash() -> TokenHash {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [0xf2; TokenHash::LENGTH];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    TokenHash::from_bytes(bytes)
}

//! The contract between the rules and a store.

mod admission;
mod commit;
mod error;
mod owner;
mod shared;

use std::future::Future;
use std::sync::Arc;

use crate::handle::Handle;
use crate::record::Record;
use crate::time::Timestamp;

pub use admission::{Admission, OnLimit};
pub(crate) use commit::{CLOCK_SKEW, Rotation, Supersede};
pub use commit::{Commit, Decision};
pub use error::{StoreError, StoreErrorKind};
pub use owner::{Owner, OwnerKey};

/// Where records are kept.
///
/// A store keeps records and takes each step atomically; what a session may do is decided
/// by the [`SessionManager`](crate::SessionManager), and how a commit changes a record by
/// [`Record::apply`]. The contract is a test suite as well: the module `conformance` (feature
/// `test-util`) tests each of these clauses.
///
/// 1. `create` never overwrites a record.
/// 2. `load` does not tell an absent record from an expired or an ended one. One that it found
///    expired is gone: it does not come back if a clock goes back.
/// 3. `commit` takes one atomic step: what the record is at that moment decides.
/// 4. Nothing but `create` makes a record: a `commit` never does.
/// 5. `remove` and `revoke` are final, and may be called again.
/// 6. A record is in the index of each of its owners for as long as it stands, so that
///    `revoke` leaves nothing behind, whatever runs beside it.
/// 7. An admission limit holds whatever runs beside it.
/// 8. A step that fails has either happened whole or not at all.
///
/// `now` comes from the rules' [`Clock`](crate::Clock): a store has no clock of its own in
/// deciding what is expired.
pub trait SessionStore: Send + Sync + 'static {
    /// Keeps a new record. With an admission limit, makes room among the sessions of the
    /// record's principal first.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached, is full or breaks.
    fn create(
        &self,
        record: Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Creation, StoreError>> + Send;

    /// The record of this handle; `None` if there is none, or none any more.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or the record cannot be read. Never `Ok(None)` then.
    fn load(
        &self,
        handle: Handle,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Arc<Record>>, StoreError>> + Send;

    /// A copy of the record that this process holds, as the store had it a moment ago: what
    /// [`SessionManager::open_near`](crate::SessionManager::open_near) asks for before it loads.
    /// By default there is none.
    ///
    /// A store that holds copies says how old they can be, and forgets its copy of a record before
    /// a step that this process takes on the record returns.
    fn near(&self, handle: Handle, now: Timestamp) -> Option<Arc<Record>> {
        let _ = (handle, now);
        None
    }

    /// Applies a commit to the record as it is now, by [`Record::apply`], in one atomic step.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or breaks.
    fn commit(&self, commit: Commit) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Ends a session. True if this call ended it.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or breaks.
    fn remove(&self, handle: Handle) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The records of an owner, oldest first.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or breaks.
    fn sessions(
        &self,
        owner: &Owner,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Arc<Record>>, StoreError>> + Send;

    /// Ends every session of an owner, and tells which this call ended.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or breaks.
    fn revoke(&self, owner: &Owner)
    -> impl Future<Output = Result<Vec<Handle>, StoreError>> + Send;

    /// Waits until somebody says that this session has ended, or may have: a hint, so that those
    /// who watch it ask again at once, and not only when they would have asked anyway. Hints may
    /// get lost, and may come for nothing. By default none ever comes.
    fn end_notification(&self, handle: Handle) -> impl Future<Output = ()> + Send {
        let _ = handle;
        std::future::pending()
    }
}

/// What became of a record that was to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Creation {
    /// It is kept. To make room, these sessions of its principal were ended.
    Created {
        /// The sessions that were ended.
        evicted: Vec<Handle>,
    },
    /// Another record has its handle; nothing was changed.
    Exists,
    /// Its principal has as many sessions as may be; nothing was changed.
    LimitReached,
}

/// What became of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It is applied.
    Applied {
        /// The record as it is from now on.
        record: Arc<Record>,
        /// Whether the new token of the commit stands. A renewal that lost against another
        /// one leaves the token of the winner.
        rotated: bool,
        /// The sessions that were ended to make room for this one.
        evicted: Vec<Handle>,
    },
    /// Somebody has signed in since it was loaded, or its token was replaced and the commit
    /// would replace it again; nothing was changed.
    Stale,
    /// There is no such session any more; nothing was changed.
    Gone,
    /// The principal has as many sessions as may be; nothing was changed.
    LimitReached,
    /// The session would grow beyond what it may hold; nothing was changed.
    TooLarge {
        /// How much it would hold, in bytes.
        size: usize,
    },
}

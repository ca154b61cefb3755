//! The contract between the rules and a store.

mod admission;
mod commit;
mod error;
mod owner;
mod page;
mod shared;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::handle::Handle;
use crate::record::Record;
use crate::time::Timestamp;

pub use admission::{Admission, OnLimit};
pub(crate) use commit::{CLOCK_SKEW, Rotation, Supersede};
pub use commit::{Commit, Decision};
pub use error::{StoreError, StoreErrorKind};
pub use owner::{Owner, OwnerKey};
pub use page::{Cursor, InvalidCursor, Page, SessionPage};

/// A store of session records.
///
/// A store keeps records and executes each operation atomically. The
/// [`SessionManager`](crate::SessionManager) decides what a session may do, and [`Record::apply`]
/// decides how a commit changes a record. The contract is also a test suite: the module
/// `conformance` (feature `test-util`) tests each of these clauses.
///
/// 1. `create` never overwrites a record.
/// 2. `load` does not distinguish absent, expired and ended records. A record that it found expired
///    is gone: it does not come back if a clock goes back.
/// 3. `commit` is one atomic step: the state of the record at that moment decides.
/// 4. Only `create` creates a record: a `commit` never does.
/// 5. An end is final, and may be called again.
/// 6. A record is in the index of each of its owners for as long as it exists, so that `revoke`
///    misses no session, even with concurrent operations.
/// 7. An admission limit holds even with concurrent operations.
/// 8. An operation that fails has either happened completely or not at all.
///
/// `now` comes from the rules' [`Clock`](crate::Clock): a store does not use a clock of its own to
/// decide what has expired.
pub trait SessionStore: Send + Sync + 'static {
    /// Keeps a new record. With an admission limit, first makes room among the sessions of the
    /// record's principal.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached, is full or fails otherwise.
    fn create(
        &self,
        record: Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Creation, StoreError>> + Send;

    /// Loads the record with this handle; `None` if it is absent, expired or ended.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or the record cannot be read. It must not return `Ok(None)`
    /// then.
    fn load(
        &self,
        handle: Handle,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Arc<Record>>, StoreError>> + Send;

    /// Returns a recent copy of the record that this process holds, which
    /// [`SessionManager::open_near`](crate::SessionManager::open_near) tries before it loads. By
    /// default there is none.
    ///
    /// A store that holds copies documents how old they can be. It drops its copy of a record
    /// before an operation of this process on that record returns.
    fn near(&self, handle: Handle, now: Timestamp) -> Option<Arc<Record>> {
        let _ = (handle, now);
        None
    }

    /// Applies a commit to the current record, with [`Record::apply`], in one atomic step.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or fails otherwise.
    fn commit(&self, commit: Commit) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Ends a session. Returns true if this call ended it.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or fails otherwise.
    fn remove(&self, handle: Handle) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends a session as it was loaded: if its record still has that revision. So a caller that
    /// has judged a record ends the session that it has judged, and not what a sign-in has made of
    /// it in the meantime.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or fails otherwise.
    fn remove_unchanged(
        &self,
        loaded: &Record,
    ) -> impl Future<Output = Result<Removal, StoreError>> + Send;

    /// Lists the live sessions of an owner, one page at a time, without their data.
    ///
    /// Each session that is there from the first page to the last is on one of the pages. The
    /// sessions of a page are sorted oldest first; a store may distribute them over the pages in
    /// another order. A call takes memory for one page, whatever the sessions hold.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or fails otherwise.
    fn sessions(
        &self,
        owner: &Owner,
        page: &Page,
        now: Timestamp,
    ) -> impl Future<Output = Result<SessionPage, StoreError>> + Send;

    /// Lists the live sessions of everyone, one page at a time, without their data: for
    /// administration. Those that began without a certificate are among them.
    ///
    /// Each session that is there from the first page to the last is on at least one of the pages.
    /// The list ends where a page names no next one: a page may have fewer sessions than its limit,
    /// none even, or a few more. A record that this version cannot read is named apart
    /// ([`SessionPage::unreadable`]). A call takes memory for one page.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or fails otherwise.
    fn all_sessions(
        &self,
        page: &Page,
        now: Timestamp,
    ) -> impl Future<Output = Result<SessionPage, StoreError>> + Send;

    /// If an owner has more than `most` live sessions, ends the oldest until `keep` are left, and
    /// returns those that this call ended. It ends 256 at the most; the next call goes on. Sessions
    /// that have expired do not count, and are not returned; the store may delete them.
    ///
    /// This bounds what one owner can take up. It is no admission limit: it runs a moment after the
    /// sessions have begun.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or fails otherwise.
    fn end_oldest(
        &self,
        owner: &Owner,
        most: usize,
        keep: usize,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Handle>, StoreError>> + Send;

    /// Ends every session that an owner has when this begins, and returns the handles of those that
    /// this call ended. Sessions that begin in the meantime may end too. An owner may have very
    /// many: the store works through them in portions, and serves other calls in between.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or fails otherwise.
    fn revoke(&self, owner: &Owner)
    -> impl Future<Output = Result<Vec<Handle>, StoreError>> + Send;

    /// Waits until the store reports that this session has ended, or may have. This is a hint, so
    /// that watchers check at once and not only at their next poll. Hints may get lost, and may be
    /// spurious. By default none ever comes.
    fn end_notification(&self, handle: Handle) -> impl Future<Output = ()> + Send {
        let _ = handle;
        std::future::pending()
    }

    /// How long those who watch a session wait for [`end_notification`](Self::end_notification)
    /// until they look at the record by themselves: how long an end stays unnoticed at the most,
    /// and how often each of them costs a load. Default: 500 milliseconds.
    fn watch_interval(&self) -> Duration {
        Duration::from_millis(500)
    }

    /// How many sessions the store holds, if it can tell at once: for metrics and health checks.
    /// Sessions that have expired may still count. Default: it cannot tell.
    fn live_sessions(&self) -> Option<usize> {
        None
    }

    /// The largest record that the store can keep, in bytes as [`Record::encode`] makes them. The
    /// rules refuse a larger one before the store sees it. Default: any.
    fn max_record_size(&self) -> usize {
        usize::MAX
    }
}

/// The outcome of a creation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Creation {
    /// The record is kept. These sessions of its principal were ended to make room.
    Created {
        /// The sessions that were ended.
        evicted: Vec<Handle>,
    },
    /// Another record has its handle; nothing was changed.
    Exists,
    /// Its principal has reached the limit of sessions; nothing was changed.
    LimitReached,
}

/// The outcome of [`SessionStore::remove_unchanged`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removal {
    /// The session has ended.
    Removed,
    /// The record has changed since it was loaded; nothing was changed.
    Changed,
    /// The session no longer exists.
    Gone,
}

/// The outcome of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The commit was applied.
    Applied {
        /// The new record.
        record: Arc<Record>,
        /// Whether the new token of the commit is in force. A renewal that lost a race against
        /// another leaves the winner's token.
        rotated: bool,
        /// The sessions that were ended to make room for this one.
        evicted: Vec<Handle>,
    },
    /// A principal signed in since the record was loaded, or its token was replaced and the commit
    /// would replace it again; nothing was changed.
    Stale,
    /// The session no longer exists; nothing was changed.
    Gone,
    /// Another request has changed a value that the commit is conditional on; nothing was changed.
    /// The caller decides again, on the record as it is now.
    ValueChanged {
        /// The record that the store holds.
        record: Arc<Record>,
    },
    /// The principal has reached the limit of sessions; nothing was changed.
    LimitReached,
    /// The session would exceed its maximum data size; nothing was changed.
    TooLarge {
        /// The size that the session would have, in bytes.
        size: usize,
    },
}

//! The store of a manager, measured where the feature `metrics` is on.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "metrics")]
use crate::event::StoreOperation;
use crate::handle::Handle;
use crate::record::Record;
use crate::store::{
    Admission, Commit, Creation, Outcome, Owner, Page, Removal, SessionPage, SessionStore,
    StoreError,
};
use crate::time::Timestamp;

/// A store whose steps are measured. Without the feature it is the store itself.
pub(crate) struct Measured<S>(pub(super) S);

/// Measures a step of the store. One that its caller gives up is not measured.
// A macro, as the step's future would be in that of a function twice: as its argument, and as what it
// awaits.
macro_rules! step {
    ($operation:ident, $step:expr) => {{
        #[cfg(feature = "metrics")]
        let measured = async move {
            let began = std::time::Instant::now();
            let result = $step.await;
            crate::meter::step(StoreOperation::$operation, began.elapsed());
            result
        };
        #[cfg(not(feature = "metrics"))]
        let measured = $step;
        measured
    }};
}

impl<S: SessionStore> SessionStore for Measured<S> {
    fn create(
        &self,
        record: Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Creation, StoreError>> + Send {
        step!(Create, self.0.create(record, admission, now))
    }

    fn load(
        &self,
        handle: Handle,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Arc<Record>>, StoreError>> + Send {
        step!(Load, self.0.load(handle, now))
    }

    fn near(&self, handle: Handle, now: Timestamp) -> Option<Arc<Record>> {
        self.0.near(handle, now)
    }

    fn commit(&self, commit: Commit) -> impl Future<Output = Result<Outcome, StoreError>> + Send {
        step!(Commit, self.0.commit(commit))
    }

    fn remove(&self, handle: Handle) -> impl Future<Output = Result<bool, StoreError>> + Send {
        step!(Remove, self.0.remove(handle))
    }

    fn remove_unchanged(
        &self,
        loaded: &Record,
    ) -> impl Future<Output = Result<Removal, StoreError>> + Send {
        step!(Remove, self.0.remove_unchanged(loaded))
    }

    fn sessions(
        &self,
        owner: &Owner,
        page: &Page,
        now: Timestamp,
    ) -> impl Future<Output = Result<SessionPage, StoreError>> + Send {
        step!(Sessions, self.0.sessions(owner, page, now))
    }

    fn all_sessions(
        &self,
        page: &Page,
        now: Timestamp,
    ) -> impl Future<Output = Result<SessionPage, StoreError>> + Send {
        step!(Sessions, self.0.all_sessions(page, now))
    }

    fn end_oldest(
        &self,
        owner: &Owner,
        most: usize,
        keep: usize,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Handle>, StoreError>> + Send {
        step!(EndOldest, self.0.end_oldest(owner, most, keep, now))
    }

    fn revoke(
        &self,
        owner: &Owner,
    ) -> impl Future<Output = Result<Vec<Handle>, StoreError>> + Send {
        step!(Revoke, self.0.revoke(owner))
    }

    fn end_notification(&self, handle: Handle) -> impl Future<Output = ()> + Send {
        self.0.end_notification(handle)
    }

    fn watch_interval(&self) -> Duration {
        self.0.watch_interval()
    }

    fn max_record_size(&self) -> usize {
        self.0.max_record_size()
    }

    fn live_sessions(&self) -> Option<usize> {
        self.0.live_sessions()
    }
}

//! A store that several managers share, or a manager and other code.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::{
    Admission, Commit, Creation, Outcome, Owner, Page, Removal, SessionPage, SessionStore,
    StoreError,
};
use crate::handle::Handle;
use crate::record::Record;
use crate::time::Timestamp;

impl<S: SessionStore> SessionStore for Arc<S> {
    fn create(
        &self,
        record: Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Creation, StoreError>> + Send {
        (**self).create(record, admission, now)
    }

    fn load(
        &self,
        handle: Handle,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Arc<Record>>, StoreError>> + Send {
        (**self).load(handle, now)
    }

    fn near(&self, handle: Handle, now: Timestamp) -> Option<Arc<Record>> {
        (**self).near(handle, now)
    }

    fn commit(&self, commit: Commit) -> impl Future<Output = Result<Outcome, StoreError>> + Send {
        (**self).commit(commit)
    }

    fn remove(&self, handle: Handle) -> impl Future<Output = Result<bool, StoreError>> + Send {
        (**self).remove(handle)
    }

    fn remove_unchanged(
        &self,
        loaded: &Record,
    ) -> impl Future<Output = Result<Removal, StoreError>> + Send {
        (**self).remove_unchanged(loaded)
    }

    fn sessions(
        &self,
        owner: &Owner,
        page: &Page,
        now: Timestamp,
    ) -> impl Future<Output = Result<SessionPage, StoreError>> + Send {
        (**self).sessions(owner, page, now)
    }

    fn all_sessions(
        &self,
        page: &Page,
        now: Timestamp,
    ) -> impl Future<Output = Result<SessionPage, StoreError>> + Send {
        (**self).all_sessions(page, now)
    }

    fn end_oldest(
        &self,
        owner: &Owner,
        most: usize,
        keep: usize,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Handle>, StoreError>> + Send {
        (**self).end_oldest(owner, most, keep, now)
    }

    fn revoke(
        &self,
        owner: &Owner,
    ) -> impl Future<Output = Result<Vec<Handle>, StoreError>> + Send {
        (**self).revoke(owner)
    }

    fn end_notification(&self, handle: Handle) -> impl Future<Output = ()> + Send {
        (**self).end_notification(handle)
    }

    fn watch_interval(&self) -> Duration {
        (**self).watch_interval()
    }

    fn live_sessions(&self) -> Option<usize> {
        (**self).live_sessions()
    }

    fn max_record_size(&self) -> usize {
        (**self).max_record_size()
    }
}

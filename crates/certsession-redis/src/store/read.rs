//! Reading records.

use std::collections::BTreeSet;
use std::sync::Arc;

use certsession_core::{
    Handle, OwnerKey, Page, Record, SessionPage, SessionSummary, StoreError, StoreErrorKind,
    Timestamp,
};
use redis::Value;

use crate::call::Call;
use crate::error::unexpected_result;
use crate::index::{EntryStatus, Place, Which};
use crate::redis_store::RedisStore;

impl RedisStore {
    /// Reads the record with this handle, expired or not.
    pub(crate) async fn fetch(&self, handle: Handle) -> Result<Option<Arc<Record>>, StoreError> {
        let reply = self.connections.call(&self.get(handle)).await?;
        read_record(handle, reply)
    }

    /// Reads the live record for a request. If copies are kept, keeps one of it.
    pub(super) fn load_record(
        &self,
        handle: Handle,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Arc<Record>>, StoreError>> {
        let call = self.get(handle);
        async move {
            let (reply, lease) = self.connections.read_with_lease(handle, &call).await?.value;
            let record = read_record(handle, reply)?;
            if let (Some(lease), Some(record)) = (lease, &record) {
                lease.keep(record);
            }
            match record {
                Some(record) if record.is_expired(now) => {
                    Box::pin(self.end_loaded(&record, now)).await
                }
                record => Ok(record),
            }
        }
    }

    /// Ends a session that was loaded and has expired. Returns its record if another request has
    /// extended it in the meantime.
    async fn end_loaded(
        &self,
        expired: &Record,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        match self.end_expired(expired.into(), now).await {
            Ok(Some(newer)) => {
                let newer = self.fetch(newer.handle()).await?;
                Ok(newer.filter(|record| !record.is_expired(now)))
            }
            // If the server fails here, its own clock ends it.
            Ok(None) | Err(_) => Ok(None),
        }
    }

    fn get(&self, handle: Handle) -> Call {
        Call::plain("GET").arg(self.keys.session(handle))
    }

    /// Reads what a list shows of a session, expired or not, without its data.
    pub(crate) async fn summary(
        &self,
        handle: Handle,
    ) -> Result<Option<SessionSummary>, StoreError> {
        let last = SessionSummary::USUAL_SIZE - 1;
        let call = Call::plain("GETRANGE").arg(self.keys.session(handle));
        let reply = self.connections.call(&call.arg(0).arg(last)).await?;
        self.read_summary(handle, reply).await
    }

    /// Decodes a summary from the first bytes of a record. If they are all of it, the record is
    /// checked; if they do not contain the summary, the record is read.
    pub(super) async fn read_summary(
        &self,
        handle: Handle,
        reply: Value,
    ) -> Result<Option<SessionSummary>, StoreError> {
        if let Value::BulkString(first) = &reply
            && first.len() >= SessionSummary::USUAL_SIZE
        {
            return match SessionSummary::decode(handle, first) {
                Some(summary) => Ok(Some(summary)),
                None => Ok(self.fetch(handle).await?.as_deref().map(Into::into)),
            };
        }
        Ok(read_record(handle, reply)?.as_deref().map(Into::into))
    }

    /// Lists a page of the live sessions of an owner, oldest first.
    pub(super) async fn list(
        &self,
        owner: &OwnerKey,
        page: &Page,
        now: Timestamp,
    ) -> Result<SessionPage, StoreError> {
        let mut behind = None;
        if let Some(cursor) = page.cursor() {
            behind = Place::from_cursor(cursor);
            // It is not one of this store's.
            if behind.is_none() {
                return Ok(SessionPage::default());
            }
        }
        let (mut sessions, mut listed) = (Vec::new(), BTreeSet::new());
        loop {
            // Void entries and expired sessions are skipped, so the page may take several looks.
            let room = page.limit() - sessions.len();
            let mut places = self
                .entries(owner, Which::Counted, behind, room + 1)
                .await?;
            let has_more = places.len() > room;
            places.truncate(room);
            behind = places.last().copied().or(behind);
            let entries = places.into_iter().map(Place::entry).collect();
            let mut void = Vec::new();
            for member in self.members(owner, entries).await {
                let member = member.map_err(|unknown| unknown.error)?;
                let session = member.session.filter(|session| !session.is_expired(now));
                match (member.status, session) {
                    (EntryStatus::Belongs, Some(session)) if listed.insert(session.handle()) => {
                        sessions.push(session);
                    }
                    (EntryStatus::Void, _) => void.push(member.entry),
                    _ => {}
                }
            }
            self.leave(owner, &void).await;
            if !has_more || sessions.len() == page.limit() {
                let next = behind.filter(|_| has_more).and_then(Place::to_cursor);
                return Ok(SessionPage::new(sessions, next));
            }
        }
    }
}

/// Decodes a record from the server's reply; `None` if there is none. The record keeps the bytes, for
/// a replacement that names them.
pub(crate) fn read_record(handle: Handle, reply: Value) -> Result<Option<Arc<Record>>, StoreError> {
    match reply {
        Value::Nil => Ok(None),
        // The placeholder of an ended session; see end.lua.
        Value::BulkString(bytes) if bytes.is_empty() => Ok(None),
        Value::BulkString(bytes) => match Record::decode(handle, &bytes) {
            Ok(record) => Ok(Some(Arc::new(record.with_stamp(bytes)))),
            Err(error) => Err(StoreError::with_source(StoreErrorKind::Unreadable, error)),
        },
        _ => Err(unexpected_result("reading a record")),
    }
}

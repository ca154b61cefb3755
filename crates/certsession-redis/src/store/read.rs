//! Reading records.

use std::collections::BTreeSet;
use std::sync::Arc;

use certsession_core::{Handle, OwnerKey, Record, StoreError, StoreErrorKind, Timestamp};
use redis::Value;

use super::RedisStore;
use crate::call::Call;
use crate::error::unexpected_answer;
use crate::index::{EntryStatus, Which};

impl RedisStore {
    /// The record of this handle, expired or not.
    pub(crate) async fn fetch(&self, handle: Handle) -> Result<Option<Arc<Record>>, StoreError> {
        let answer = self.connections.call(&self.get(handle)).await?;
        read_record(handle, answer)
    }

    /// The live record for a request, of which a copy is kept where copies are.
    pub(super) fn load_record(
        &self,
        handle: Handle,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Arc<Record>>, StoreError>> {
        let call = self.get(handle);
        async move {
            let (answer, question) = self.connections.ask(handle, &call).await?.value;
            let record = read_record(handle, answer)?;
            if let (Some(question), Some(record)) = (question, &record) {
                question.keep(record);
            }
            match record {
                // Found expired once, it does not come back if the clock goes back. If the server
                // fails here, its own clock ends it.
                Some(record) if record.is_expired(now) => {
                    let _ = Box::pin(self.end(handle)).await;
                    Ok(None)
                }
                record => Ok(record),
            }
        }
    }

    fn get(&self, handle: Handle) -> Call {
        Call::plain("GET").arg(self.keys.session(handle))
    }

    /// The live sessions of an owner, oldest first.
    pub(super) async fn list(
        &self,
        owner: &OwnerKey,
        now: Timestamp,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        let (mut sessions, mut listed, mut void) = (Vec::new(), BTreeSet::new(), Vec::new());
        let entries = self.entries(owner, Which::Counted).await?;
        for member in self.members(owner, entries).await {
            let member = member.map_err(|unknown| unknown.error)?;
            let record = member.record.filter(|record| !record.is_expired(now));
            match (member.status, record) {
                (EntryStatus::Belongs, Some(record)) if listed.insert(record.handle()) => {
                    sessions.push(record);
                }
                (EntryStatus::Void, _) => void.push(member.entry),
                _ => {}
            }
        }
        self.leave(owner, &void).await;
        sessions.sort_by_key(|record| (record.created_at(), record.handle()));
        Ok(sessions)
    }
}

/// A record as the server gave it; `None` if there is none.
pub(crate) fn read_record(
    handle: Handle,
    answer: Value,
) -> Result<Option<Arc<Record>>, StoreError> {
    match answer {
        Value::Nil => Ok(None),
        // What holds the place of a session that has ended; see end.lua.
        Value::BulkString(bytes) if bytes.is_empty() => Ok(None),
        Value::BulkString(bytes) => match Record::decode(handle, &bytes) {
            Ok(record) => Ok(Some(Arc::new(record))),
            Err(error) => Err(StoreError::with_source(StoreErrorKind::Unreadable, error)),
        },
        _ => Err(unexpected_answer("a request for a record")),
    }
}

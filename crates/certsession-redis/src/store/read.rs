//! Reading records.

use std::collections::BTreeSet;
use std::sync::Arc;

use certsession_core::{Handle, OwnerKey, Record, StoreError, StoreErrorKind, Timestamp};
use redis::Value;

use crate::call::Call;
use crate::error::unexpected_result;
use crate::index::{EntryStatus, Which};
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

    /// Lists the live sessions of an owner, oldest first.
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

/// Decodes a record from the server's reply; `None` if there is none.
pub(crate) fn read_record(handle: Handle, reply: Value) -> Result<Option<Arc<Record>>, StoreError> {
    match reply {
        Value::Nil => Ok(None),
        // The placeholder of an ended session; see end.lua.
        Value::BulkString(bytes) if bytes.is_empty() => Ok(None),
        Value::BulkString(bytes) => match Record::decode(handle, &bytes) {
            Ok(record) => Ok(Some(Arc::new(record))),
            Err(error) => Err(StoreError::with_source(StoreErrorKind::Unreadable, error)),
        },
        _ => Err(unexpected_result("reading a record")),
    }
}

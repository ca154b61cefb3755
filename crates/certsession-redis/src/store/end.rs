//! Ending sessions.

use std::sync::Arc;

use certsession_core::{Handle, OwnerKey, Record, StoreError, Timestamp};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use redis::Value;

use super::read::read_record;
use crate::call::Call;
use crate::index::{Entry, EntryStatus, Member, RequiredEntries, Unknown, Which};
use crate::redis_store::RedisStore;
use crate::script::{DROP, END};

/// How many sessions are ended concurrently.
const AT_ONCE: usize = 64;

/// The result for one entry when its owner's sessions are ended.
struct Ending {
    entry: Entry,
    is_void: bool,
    is_ended: bool,
}

impl RedisStore {
    /// Ends a session. Returns true if this call ended it. A record that cannot be read ends like
    /// any other.
    pub(crate) async fn end(&self, handle: Handle) -> Result<bool, StoreError> {
        let call = Call::script(&END, &self.keys.session(handle)).arg(self.keys.ended());
        let changing = self.changing(handle);
        let ended = self.connections.call(&call).await?;
        drop(changing);
        let is_ended = ended != Value::Nil;
        if let Ok(Some(record)) = read_record(handle, ended) {
            self.forget(&record).await;
        }
        Ok(is_ended)
    }

    /// Ends every session that belongs to an owner now, and returns those that this call ended. If
    /// one cannot be ended, the others are ended nevertheless. A record that cannot be read ends
    /// too: it belonged to the owner when it was indexed.
    pub(super) async fn end_all(&self, owner: &OwnerKey) -> Result<Vec<Handle>, StoreError> {
        let entries = self.entries(owner, Which::All).await?;
        let members = self.members(owner, entries).await.into_iter();
        let endings = members.map(async |member| self.end_member(owner, member).await);
        let endings: Vec<_> = stream::iter(endings).buffered(AT_ONCE).collect().await;
        let (mut ended, mut void, mut failure) = (Vec::new(), Vec::new(), None);
        for ending in endings {
            match ending {
                Ok(Ending {
                    entry,
                    is_void,
                    is_ended,
                }) => {
                    void.extend(is_void.then_some(entry));
                    ended.extend(is_ended.then_some(entry.handle));
                }
                Err(error) => failure = Some(error),
            }
        }
        self.leave(owner, &void).await;
        match failure {
            None => Ok(ended),
            Some(error) => Err(error),
        }
    }

    async fn end_member(
        &self,
        owner: &OwnerKey,
        member: Result<Member, Unknown>,
    ) -> Result<Ending, StoreError> {
        let (entry, is_ended) = match member {
            Ok(Member {
                entry,
                record: Some(record),
                status: EntryStatus::Belongs,
            }) => {
                let belongs =
                    |record: &Record| entry.status(owner, Some(record)) == EntryStatus::Belongs;
                (entry, self.end_while(record, belongs).await?)
            }
            Ok(Member { entry, status, .. }) => {
                return Ok(Ending {
                    entry,
                    is_void: status == EntryStatus::Void,
                    is_ended: false,
                });
            }
            Err(unknown) if unknown.is_unreadable() => {
                (unknown.entry, self.end(unknown.entry.handle).await?)
            }
            Err(unknown) => return Err(unknown.error),
        };
        Ok(Ending {
            entry,
            is_void: true,
            is_ended,
        })
    }

    /// Ends a session as long as its current record satisfies a condition. Returns true if this
    /// call ended it.
    pub(crate) async fn end_while(
        &self,
        record: Arc<Record>,
        condition: impl Fn(&Record) -> bool,
    ) -> Result<bool, StoreError> {
        let handle = record.handle();
        let mut current = record;
        while condition(&current) {
            let call = Call::script(&DROP, &self.keys.session(handle))
                .arg(&current.revision().to_bytes()[..])
                .arg(self.keys.ended());
            let changing = self.changing(handle);
            let reply = self.connections.call(&call).await?;
            drop(changing);
            match reply {
                Value::Int(1) => {
                    self.forget(&current).await;
                    return Ok(true);
                }
                newer => match read_record(handle, newer)? {
                    Some(newer) => current = newer,
                    None => return Ok(false),
                },
            }
        }
        Ok(false)
    }

    /// Deletes a record whose token was not issued, as if it had never existed.
    pub(super) async fn delete_unissued(&self, record: &Record) -> Result<(), StoreError> {
        let call = Call::plain("DEL").arg(self.keys.session(record.handle()));
        self.connections.call(&call).await?;
        self.forget(record).await;
        Ok(())
    }

    /// Removes the entries of a deleted record.
    async fn forget(&self, record: &Record) {
        if let Some(required) = RequiredEntries::of(record, Timestamp::MAX) {
            let leaving = required.iter().map(async |required| {
                self.leave(&required.owner, &[required.entry]).await;
            });
            join_all(leaving).await;
        }
    }
}

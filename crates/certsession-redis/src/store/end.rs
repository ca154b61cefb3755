//! Ending sessions.

use std::sync::Arc;

use certsession_core::{Handle, OwnerKey, Record, StoreError, Timestamp};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use redis::Value;

use super::RedisStore;
use super::read::read_record;
use crate::call::Call;
use crate::index::{Claims, ENTRIES_AT_ONCE, Entry, Standing, Which};
use crate::script::{DROP, END};

/// How many sessions are ended at once.
const AT_ONCE: usize = 64;

impl RedisStore {
    /// Ends a session. True if this call ended it. A record that cannot be read ends like any
    /// other.
    pub(super) async fn end(&self, handle: Handle) -> Result<bool, StoreError> {
        let call = Call::script(&END, &self.keys.session(handle)).arg(self.keys.ended());
        let ended = self.connections.call(&call).await?;
        let is_ended = ended != Value::Nil;
        if let Ok(Some(record)) = read_record(handle, ended) {
            self.forget(&record).await;
        }
        Ok(is_ended)
    }

    /// Ends every session that belongs to an owner now, and tells which this call ended. Those
    /// that can be ended are, also where one cannot.
    pub(super) async fn end_all(&self, owner: &OwnerKey) -> Result<Vec<Handle>, StoreError> {
        let (mut ended, mut failure) = (Vec::new(), None);
        let mut from = 0;
        loop {
            let entries = self.entries(owner, Which::All, from).await?;
            let count = entries.len();
            let members = self.members(owner, entries).await.into_iter();
            let endings = members.map(async |member| {
                let member = member?;
                let Some(record) = member
                    .record
                    .filter(|_| member.standing == Standing::Belongs)
                else {
                    return Ok((member.entry, member.standing == Standing::Void, false));
                };
                let belongs = |record: &Record| {
                    member.entry.standing(owner, Some(record)) == Standing::Belongs
                };
                let is_ended = self.end_while(record, belongs).await?;
                Ok((member.entry, true, is_ended))
            });
            let endings: Vec<Result<(Entry, bool, bool), StoreError>> =
                stream::iter(endings).buffered(AT_ONCE).collect().await;
            let mut void = Vec::new();
            for ending in endings {
                match ending {
                    Ok((entry, is_void, is_ended)) => {
                        void.extend(is_void.then_some(entry));
                        ended.extend(is_ended.then_some(entry.handle));
                    }
                    Err(error) => failure = Some(error),
                }
            }
            self.leave(owner, &void).await;
            if count < ENTRIES_AT_ONCE {
                break;
            }
            // Those that were removed make the others move up.
            from += count - void.len();
        }
        match failure {
            None => Ok(ended),
            Some(error) => Err(error),
        }
    }

    /// Ends a session as long as its record, as it is then, fulfils a condition. True if this call
    /// ended it.
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
            match self.connections.call(&call).await? {
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

    /// Removes the entries of a record that is gone.
    async fn forget(&self, record: &Record) {
        if let Some(claims) = Claims::of(record, Timestamp::MAX) {
            let leaving = claims.iter().map(async |claim| {
                self.leave(&claim.owner, &[claim.entry]).await;
            });
            join_all(leaving).await;
        }
    }
}

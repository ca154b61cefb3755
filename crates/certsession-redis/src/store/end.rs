//! Ending sessions.

use std::collections::BTreeMap;

use certsession_core::{Handle, OwnerKey, Record, Removal, SessionSummary, StoreError, Timestamp};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use redis::Value;

use crate::call::Call;
use crate::index::{Ending, Entry, EntryStatus, Member, Place, RequiredEntries, Unknown, Which};
use crate::redis_store::RedisStore;
use crate::script::{DROP, END};

/// How many of an owner's sessions are worked on at a time: so much is in memory, and is sent to the
/// server before other requests get their turn.
const PORTION: usize = 256;

/// How many of them are ended concurrently.
const AT_ONCE: usize = 32;

/// What became of an entry when its session was to end.
pub(crate) struct EntryEnding {
    pub(crate) entry: Entry,
    pub(crate) is_void: bool,
    /// Whether this call ended the session.
    pub(crate) is_ended: bool,
    /// The session, if it could be read, for the entries that it has in other indexes.
    pub(crate) session: Option<SessionSummary>,
}

/// What became of a record that was to be dropped in one state.
enum Dropped {
    /// This call dropped it.
    Now,
    /// It was gone before.
    Gone,
    /// It has changed: the first bytes of the record.
    Changed(Value),
}

impl RedisStore {
    /// Ends a session. Returns true if this call ended it; where a reply was lost, also if it may
    /// have. A record that cannot be read ends like any other.
    pub(crate) async fn end(&self, handle: Handle) -> Result<bool, StoreError> {
        let call = Call::script(&END, &self.keys.session(handle)).arg(self.keys.ended());
        let changing = self.changing(handle);
        let reply = self.connections.call_reporting_repeats(&call).await?;
        drop(changing);
        let first = reply.value;
        // The lost command ended it: the second one found nothing left.
        let is_ended = first != Value::Nil || reply.is_repeated;
        // The entries of a session whose end was sent twice, or whose names are very long, stay, and
        // are removed as void later.
        if let Value::BulkString(first) = &first
            && let Some(ended) = SessionSummary::decode(handle, first)
        {
            self.forget(&ended).await;
        }
        Ok(is_ended)
    }

    /// Ends a session if its record has not changed.
    pub(super) async fn end_unchanged(&self, loaded: &Record) -> Result<Removal, StoreError> {
        let session = SessionSummary::from(loaded);
        match self.drop_unchanged(&session).await? {
            Dropped::Now => {
                self.forget(&session).await;
                Ok(Removal::Removed)
            }
            Dropped::Gone => Ok(Removal::Gone),
            Dropped::Changed(_) => Ok(Removal::Changed),
        }
    }

    /// Ends every session that belongs to an owner, and returns those that this call ended: those
    /// that the owner has now, and some of those that begin meanwhile. If one cannot be ended, the
    /// others are ended nevertheless. A record that cannot be read ends too: it belonged to the
    /// owner when it was indexed.
    ///
    /// It goes through the index in the order of time, the condemned entries last. A session that
    /// signs in again meanwhile gets its new entry, which is later, before it loses the old one; and
    /// an entry that is condemned meanwhile is among the last. So each is met.
    pub(super) async fn end_all(&self, owner: &OwnerKey) -> Result<Vec<Handle>, StoreError> {
        let mut ended = Vec::new();
        match self.end_each(owner, &mut ended).await {
            Ok(()) => Ok(ended),
            Err(error) => Err(error.after_ending(ended)),
        }
    }

    async fn end_each(&self, owner: &OwnerKey, ended: &mut Vec<Handle>) -> Result<(), StoreError> {
        let mut failure = None;
        for which in [Which::Counted, Which::Condemned] {
            let mut behind = None;
            loop {
                let places = self.entries(owner, which, behind, PORTION).await?;
                behind = places.last().copied();
                let is_last = places.len() < PORTION;
                let entries = places.into_iter().map(Place::entry).collect();
                let of_portion = self.end_portion(owner, entries, ended).await;
                failure = of_portion.err().or(failure);
                if is_last {
                    break;
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// If an owner has more than `most` live sessions, ends the oldest until `keep` are left.
    pub(super) async fn end_excess(
        &self,
        owner: &OwnerKey,
        most: usize,
        keep: usize,
        now: Timestamp,
    ) -> Result<Vec<Handle>, StoreError> {
        let mut ended = Vec::new();
        if self.count(owner).await? <= most {
            return Ok(ended);
        }
        // Void entries and expired sessions count, so the sessions have to be looked at; but no more
        // of them than tell that there are too many.
        let (mut live, mut behind) = (Vec::new(), None);
        while live.len() <= most + PORTION {
            let places = self.entries(owner, Which::Counted, behind, PORTION).await?;
            behind = places.last().copied();
            let is_last = places.len() < PORTION;
            let entries = places.into_iter().map(Place::entry).collect();
            let mut void = Vec::new();
            for member in self.members(owner, entries).await {
                match member {
                    Ok(member) if member.status == EntryStatus::Void => void.push(member.entry),
                    Ok(member) if member.is_expired(now) => {}
                    Ok(member) => live.push(member.entry),
                    Err(unknown) => live.push(unknown.entry),
                }
            }
            self.leave(owner, &void).await;
            if is_last {
                break;
            }
        }
        if live.len() > most {
            live.truncate(live.len().saturating_sub(keep).min(PORTION));
            if let Err(error) = self.end_portion(owner, live, &mut ended).await {
                return Err(error.after_ending(ended));
            }
        }
        Ok(ended)
    }

    /// Ends the sessions of these entries, as far as they belong to the owner.
    async fn end_portion(
        &self,
        owner: &OwnerKey,
        entries: Vec<Entry>,
        ended: &mut Vec<Handle>,
    ) -> Result<(), StoreError> {
        let members = self.members(owner, entries).await.into_iter();
        let endings = members.map(async |member| self.end_member(owner, member).await);
        let endings: Vec<_> = stream::iter(endings).buffered(AT_ONCE).collect().await;
        let (mut leaving, mut failure) = (BTreeMap::<_, Vec<_>>::new(), None);
        for ending in endings {
            let ending = match ending {
                Ok(ending) => ending,
                Err(error) => {
                    failure = Some(error);
                    continue;
                }
            };
            ended.extend(ending.is_ended.then_some(ending.entry.handle));
            if ending.is_void {
                leaving.entry(*owner).or_default().push(ending.entry);
            }
            let session = ending.session.filter(|_| ending.is_ended);
            let required = session.map(|it| RequiredEntries::of(&it, Timestamp::MAX));
            for required in required.iter().flat_map(RequiredEntries::iter) {
                if required.owner != *owner {
                    leaving
                        .entry(required.owner)
                        .or_default()
                        .push(required.entry);
                }
            }
        }
        let leaving = leaving.into_iter().map(async |(owner, entries)| {
            self.leave(&owner, &entries).await;
        });
        stream::iter(leaving)
            .buffered(AT_ONCE)
            .collect::<()>()
            .await;
        failure.map_or(Ok(()), Err)
    }

    /// Ends the session of an entry, if it belongs to the owner. An unreadable record ends too: it
    /// belonged to the owner when it was indexed.
    pub(crate) async fn end_member(
        &self,
        owner: &OwnerKey,
        member: Result<Member, Unknown>,
    ) -> Result<EntryEnding, StoreError> {
        let (entry, is_ended, session) = match member {
            Ok(Member {
                entry,
                session: Some(session),
                status: EntryStatus::Belongs,
            }) => {
                let belongs =
                    |session: &_| entry.status(owner, Some(session)) == EntryStatus::Belongs;
                // One that no longer belongs to the owner has left for good, so its entry is void.
                match self.end_while(session, belongs).await? {
                    Ending::Ended(session) => (entry, true, Some(session)),
                    Ending::Gone | Ending::Kept(_) => (entry, false, None),
                }
            }
            Ok(Member { entry, status, .. }) => {
                return Ok(EntryEnding {
                    entry,
                    is_void: status == EntryStatus::Void,
                    is_ended: false,
                    session: None,
                });
            }
            Err(unknown) if unknown.is_unreadable() => {
                (unknown.entry, self.end(unknown.entry.handle).await?, None)
            }
            Err(unknown) => return Err(unknown.error),
        };
        Ok(EntryEnding {
            entry,
            is_void: true,
            is_ended,
            session,
        })
    }

    /// Ends a session that was found expired, and removes its entries: found expired once, it does
    /// not come back if the clock goes back. Returns the session as it is now if another request
    /// has extended it in the meantime.
    pub(crate) async fn end_expired(
        &self,
        session: SessionSummary,
        now: Timestamp,
    ) -> Result<Option<SessionSummary>, StoreError> {
        let is_expired = |session: &SessionSummary| session.is_expired(now);
        match self.end_while(session, is_expired).await? {
            Ending::Ended(session) => {
                self.forget(&session).await;
                Ok(None)
            }
            Ending::Gone => Ok(None),
            Ending::Kept(newer) => Ok(Some(newer)),
        }
    }

    /// Ends a session as long as it satisfies a condition.
    pub(crate) async fn end_while(
        &self,
        session: SessionSummary,
        condition: impl Fn(&SessionSummary) -> bool,
    ) -> Result<Ending, StoreError> {
        let handle = session.handle();
        let mut current = session;
        while condition(&current) {
            let first = match self.drop_unchanged(&current).await? {
                Dropped::Now => return Ok(Ending::Ended(current)),
                Dropped::Gone => return Ok(Ending::Gone),
                Dropped::Changed(first) => first,
            };
            match self.read_summary(handle, first).await? {
                Some(newer) => current = newer,
                None => return Ok(Ending::Gone),
            }
        }
        Ok(Ending::Kept(current))
    }

    /// Ends a session if it is still in this state.
    async fn drop_unchanged(&self, session: &SessionSummary) -> Result<Dropped, StoreError> {
        let call = Call::script(&DROP, &self.keys.session(session.handle()))
            .arg(&session.revision().to_bytes()[..])
            .arg(self.keys.ended());
        let changing = self.changing(session.handle());
        let reply = self.connections.call_reporting_repeats(&call).await?;
        drop(changing);
        Ok(match reply.value {
            Value::Int(1) => Dropped::Now,
            // The lost command dropped it, or another call did in between: that cannot be told.
            Value::BulkString(first) if first.is_empty() => match reply.is_repeated {
                true => Dropped::Now,
                false => Dropped::Gone,
            },
            first => Dropped::Changed(first),
        })
    }

    /// Deletes a record whose token was not issued, as if it had never existed.
    pub(super) async fn delete_unissued(&self, record: &Record) -> Result<(), StoreError> {
        let call = Call::plain("DEL").arg(self.keys.session(record.handle()));
        self.connections.call(&call).await?;
        self.forget(&record.into()).await;
        Ok(())
    }

    /// Removes the entries of a session that was ended.
    pub(crate) async fn forget(&self, session: &SessionSummary) {
        let required = RequiredEntries::of(session, Timestamp::MAX);
        let leaving = required.iter().map(async |required| {
            self.leave(&required.owner, &[required.entry]).await;
        });
        join_all(leaving).await;
    }
}

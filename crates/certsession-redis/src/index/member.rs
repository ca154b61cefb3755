//! Entries with their records: joining an index, leaving it, listing it.

use std::time::Duration;

use certsession_core::{
    Admission, Cursor, OwnerKey, SessionSummary, StoreError, StoreErrorKind, Timestamp,
};
use futures_util::stream::{self, StreamExt};
use redis::Value;

use super::entry::{Entry, EntryStatus};
use super::required_entry::RequiredEntry;
use crate::call::Call;
use crate::error::unexpected_result;
use crate::redis_store::RedisStore;
use crate::script::{JOIN, PAGE};
use crate::time::millis_to_live;

/// How many records are looked at concurrently: few enough that requests on the same connection do
/// not wait long behind them.
const LOOKS_AT_ONCE: usize = 32;

/// One of this many new entries checks other entries.
const LOOKS_EVERY: u8 = 8;

/// How many other entries it checks: twice as many as were added since the last check, so that at
/// most about half of an index's entries can be void.
const LOOKS_AT: u8 = 2 * LOOKS_EVERY;

/// How much longer an index lives than its sessions: the clocks of two nodes may differ, and a
/// session that one of them still accepts must be found.
pub(super) const CLOCKS_APART: Duration = Duration::from_secs(60 * 60);

/// A selection of an owner's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Entries that count for the limit.
    Counted,
    /// Those that were to make room for another, and whose sessions are to end.
    Condemned,
}

/// A place in an index, which is sorted by score, and then by entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    score: i64,
    entry: Entry,
}

impl Place {
    const LENGTH: usize = 8 + Entry::LENGTH;

    pub(crate) fn to_cursor(self) -> Option<Cursor> {
        let mut bytes = [0; Self::LENGTH];
        bytes[..8].copy_from_slice(&self.score.to_be_bytes());
        bytes[8..].copy_from_slice(&self.entry.to_bytes());
        Cursor::new(&bytes)
    }

    pub(crate) fn from_cursor(cursor: &Cursor) -> Option<Self> {
        let (score, entry) = cursor.as_bytes().split_first_chunk()?;
        Some(Self {
            score: i64::from_be_bytes(*score),
            entry: Entry::from_bytes(entry)?,
        })
    }

    pub(crate) const fn entry(self) -> Entry {
        self.entry
    }
}

/// The result of joining an index.
#[derive(Debug)]
pub(crate) enum Join {
    /// The entry was added; some others are to be checked.
    Joined { look_at: Vec<Entry> },
    /// There is no room; these are all entries, with the time at which each began.
    Full { entries: Vec<(Entry, Timestamp)> },
}

impl Join {
    pub(crate) fn read(reply: Value) -> Result<Self, StoreError> {
        let (has_joined, mut values) = read_reply(reply)?;
        if has_joined {
            let look_at = values.map(read_entry).collect::<Result<_, _>>()?;
            return Ok(Self::Joined { look_at });
        }
        let mut entries = Vec::new();
        while let (Some(entry), Some(began)) = (values.next(), values.next()) {
            let began = redis::from_redis_value::<u64>(began).map_err(|_| nonsense())?;
            entries.push((read_entry(entry)?, Timestamp::from_millis(began)));
        }
        Ok(Self::Full { entries })
    }
}

/// Reads a script's reply: one or zero, and further values.
pub(super) fn read_reply(reply: Value) -> Result<(bool, impl Iterator<Item = Value>), StoreError> {
    let Value::Array(values) = reply else {
        return Err(nonsense());
    };
    let mut values = values.into_iter();
    match values.next() {
        Some(Value::Int(flag @ 0..=1)) => Ok((flag == 1, values)),
        _ => Err(nonsense()),
    }
}

pub(super) fn read_entry(value: Value) -> Result<Entry, StoreError> {
    match value {
        Value::BulkString(bytes) => Entry::from_bytes(&bytes).ok_or_else(nonsense),
        _ => Err(nonsense()),
    }
}

fn nonsense() -> StoreError {
    unexpected_result("an operation on an index")
}

/// An entry and its session, if there is one.
pub(crate) struct Member {
    pub(crate) entry: Entry,
    pub(crate) session: Option<SessionSummary>,
    pub(crate) status: EntryStatus,
}

impl Member {
    pub(super) fn of(entry: Entry, owner: &OwnerKey, session: Option<SessionSummary>) -> Self {
        let status = entry.status(owner, session.as_ref());
        Self {
            entry,
            session,
            status,
        }
    }

    /// Whether its session has expired.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.is_expired(now))
    }
}

/// What became of the session of an entry, which was to end as long as it satisfied a condition.
pub(crate) enum Ending {
    /// This call ended it: the session as it was. The caller removes its index entries.
    Ended(SessionSummary),
    /// Another call has ended it.
    Gone,
    /// It has changed, and no longer satisfies the condition.
    Kept(SessionSummary),
}

/// An entry whose record cannot be loaded.
pub(crate) struct Unknown {
    pub(crate) entry: Entry,
    pub(crate) error: StoreError,
}

impl Unknown {
    /// Whether the record exists, but cannot be read.
    pub(crate) fn is_unreadable(&self) -> bool {
        self.error.kind() == StoreErrorKind::Unreadable
    }
}

impl RedisStore {
    /// The command that adds a new entry, if the limit leaves room for it. It may ask for entries
    /// to be checked.
    pub(crate) fn join(&self, required: &RequiredEntry, limit: Option<Admission>) -> Call {
        // The handle is random, so this choice is random too.
        let is_chosen = required.entry.handle.as_bytes()[0].is_multiple_of(LOOKS_EVERY);
        let looks = if is_chosen { LOOKS_AT } else { 0 };
        self.join_and_look(required, limit, looks)
    }

    /// The command that renews an entry which the session has already: its index lives as long as
    /// the session now can.
    pub(crate) fn rejoin(&self, required: &RequiredEntry) -> Call {
        self.join_and_look(required, None, 0)
    }

    fn join_and_look(&self, required: &RequiredEntry, limit: Option<Admission>, looks: u8) -> Call {
        let limit = limit.map_or(0, |admission| admission.limit().get());
        Call::script(&JOIN, &self.keys.index(&required.owner))
            .arg(&required.entry.to_bytes()[..])
            .arg(required.began_at.as_millis())
            .arg(millis_to_live(required.lifetime + CLOCKS_APART))
            .arg(limit)
            .arg(looks)
    }

    /// Removes void entries. The next operation can remove them as well, so a failure here does not
    /// fail the operation.
    pub(crate) async fn leave(&self, owner: &OwnerKey, entries: &[Entry]) {
        if entries.is_empty() {
            return;
        }
        let mut call = Call::plain("ZREM").arg(self.keys.index(owner));
        for entry in entries {
            call = call.arg(&entry.to_bytes()[..]);
        }
        if let Err(error) = self.connections.call(&call).await {
            tracing::debug!(target: "certsession::redis", ?error, "void entries stay for now");
        }
    }

    /// Removes those of these entries that are void.
    pub(crate) async fn tidy(&self, owner: &OwnerKey, entries: Vec<Entry>) {
        let looked_at = self.members(owner, entries).await;
        let void = looked_at.into_iter().filter_map(Result::ok);
        let void = void.filter(|member| member.status == EntryStatus::Void);
        let void: Vec<_> = void.map(|member| member.entry).collect();
        self.leave(owner, &void).await;
    }

    /// Looks at the sessions of these entries, and leaves their data on the server. A record that
    /// cannot be read is an error of its own entry only.
    pub(crate) async fn members(
        &self,
        owner: &OwnerKey,
        entries: Vec<Entry>,
    ) -> Vec<Result<Member, Unknown>> {
        let members = entries.into_iter().map(async |entry| {
            let seen = self.summary(entry.handle).await;
            let session = seen.map_err(|error| Unknown { entry, error })?;
            Ok(Member::of(entry, owner, session))
        });
        stream::iter(members)
            .buffered(LOOKS_AT_ONCE)
            .collect()
            .await
    }

    /// A page of an owner's entries, sorted by time: those behind a place, at most so many.
    pub(crate) async fn entries(
        &self,
        owner: &OwnerKey,
        which: Which,
        behind: Option<Place>,
        most: usize,
    ) -> Result<Vec<Place>, StoreError> {
        let call = Call::script(&PAGE, &self.keys.index(owner));
        let (lowest, highest) = match which {
            Which::Counted => ("0", "+inf"),
            Which::Condemned => ("-inf", "(0"),
        };
        let call = match behind {
            Some(place) => call.arg(place.score).arg(&place.entry.to_bytes()[..]),
            None => call.arg(lowest).arg(""),
        };
        let call = call.arg(most).arg(highest);
        let Value::Array(values) = self.connections.call(&call).await? else {
            return Err(nonsense());
        };
        let mut values = values.into_iter();
        let mut places = Vec::new();
        while let (Some(entry), Some(score)) = (values.next(), values.next()) {
            places.push(Place {
                entry: read_entry(entry)?,
                score: redis::from_redis_value(score).map_err(|_| nonsense())?,
            });
        }
        Ok(places)
    }

    /// How many entries of an owner count for a limit, void ones included.
    pub(crate) async fn count(&self, owner: &OwnerKey) -> Result<usize, StoreError> {
        let call = Call::plain("ZCOUNT").arg(self.keys.index(owner));
        let reply = self.connections.call(&call.arg(&["0", "+inf"])).await?;
        redis::from_redis_value(reply).map_err(|_| nonsense())
    }
}

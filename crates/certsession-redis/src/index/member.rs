//! Entries with their records: joining an index, leaving it, reading it.

use std::sync::Arc;

use certsession_core::{Admission, OwnerKey, Record, StoreError};
use futures_util::stream::{self, StreamExt};
use redis::Value;

use super::claim::Claim;
use super::entry::{Entry, Standing};
use crate::RedisStore;
use crate::call::Call;
use crate::error::unexpected_answer;
use crate::script::JOIN;
use crate::time::millis_to_live;

/// How many records are asked for at once.
const RECORDS_AT_ONCE: usize = 64;

/// How many entries are asked for at once.
pub(crate) const ENTRIES_AT_ONCE: usize = 1_000;

/// Of how many entries each takes a look at others.
const LOOKS_EVERY: u8 = 8;

/// How many others it looks at: twice as many as were made since, so that at most about half of
/// what an index holds can be void.
const LOOKS_AT: u8 = 2 * LOOKS_EVERY;

/// Which of an owner's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that count: sessions that made room for another are left out.
    Counted,
    /// All.
    All,
}

/// What became of an entry.
#[derive(Debug)]
pub(crate) enum Join {
    /// It is in; some others are to be looked at.
    Joined { look_at: Vec<Entry> },
    /// There is no room; these are all entries.
    Full { entries: Vec<Entry> },
}

impl Join {
    pub(crate) fn read(answer: Value) -> Result<Self, StoreError> {
        let (has_joined, entries) = read_entries(answer)?;
        Ok(match has_joined {
            true => Self::Joined { look_at: entries },
            false => Self::Full { entries },
        })
    }
}

/// A script's answer: one or zero, and entries.
pub(super) fn read_entries(answer: Value) -> Result<(bool, Vec<Entry>), StoreError> {
    let nonsense = || unexpected_answer("a step of an index");
    let Value::Array(values) = answer else {
        return Err(nonsense());
    };
    let mut values = values.into_iter();
    let Some(Value::Int(said @ 0..=1)) = values.next() else {
        return Err(nonsense());
    };
    let entries = values.map(|value| match value {
        Value::BulkString(bytes) => Entry::from_bytes(&bytes).ok_or_else(nonsense),
        _ => Err(nonsense()),
    });
    Ok((said == 1, entries.collect::<Result<_, _>>()?))
}

/// An entry, and the record that it leads to.
pub(crate) struct Member {
    pub(crate) entry: Entry,
    pub(crate) record: Option<Arc<Record>>,
    pub(crate) standing: Standing,
}

impl RedisStore {
    /// The command that makes an entry, if the limit leaves room for it.
    pub(crate) fn join(&self, claim: &Claim, limit: Option<Admission>) -> Call {
        let limit = limit.map_or(0, |admission| admission.limit().get());
        // The handle is random, and so is this choice.
        let is_chosen = claim.entry.handle.as_bytes()[0].is_multiple_of(LOOKS_EVERY);
        Call::script(&JOIN, &self.keys.index(&claim.owner))
            .arg(&claim.entry.to_bytes()[..])
            .arg(claim.began_at.as_millis())
            .arg(millis_to_live(claim.lifetime))
            .arg(limit)
            .arg(if is_chosen { LOOKS_AT } else { 0 })
    }

    /// Removes entries that are void. Whoever comes next can do it as well, so a failure is no
    /// failure of the step that it belongs to.
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

    /// Removes those of some entries that are void.
    pub(crate) async fn tidy(&self, owner: &OwnerKey, entries: Vec<Entry>) {
        let looked_at = self.members(owner, entries).await;
        let void = looked_at.into_iter().filter_map(Result::ok);
        let void = void.filter(|member| member.standing == Standing::Void);
        let void: Vec<_> = void.map(|member| member.entry).collect();
        self.leave(owner, &void).await;
    }

    /// The entries with their records, as they are now. A record that cannot be read fails alone.
    pub(crate) async fn members(
        &self,
        owner: &OwnerKey,
        entries: Vec<Entry>,
    ) -> Vec<Result<Member, StoreError>> {
        let members = entries.into_iter().map(async |entry| {
            let record = self.fetch(entry.handle).await?;
            let standing = entry.standing(owner, record.as_deref());
            Ok(Member {
                entry,
                record,
                standing,
            })
        });
        stream::iter(members)
            .buffered(RECORDS_AT_ONCE)
            .collect()
            .await
    }

    /// Some of an owner's entries in the order of their scores, from the one at `from` on.
    pub(crate) async fn entries(
        &self,
        owner: &OwnerKey,
        which: Which,
        from: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let least = match which {
            Which::Counted => "0",
            Which::All => "-inf",
        };
        let call = Call::plain("ZRANGEBYSCORE")
            .arg(self.keys.index(owner))
            .arg(&[least, "+inf", "LIMIT"])
            .arg(&[from, ENTRIES_AT_ONCE]);
        let nonsense = || unexpected_answer("ZRANGEBYSCORE");
        let Value::Array(values) = self.connections.call(&call).await? else {
            return Err(nonsense());
        };
        let entries = values.into_iter().map(|value| match value {
            Value::BulkString(bytes) => Entry::from_bytes(&bytes).ok_or_else(nonsense),
            _ => Err(nonsense()),
        });
        entries.collect()
    }
}

//! The limit on a principal's sessions.

use std::collections::BTreeMap;
use std::time::Duration;

use certsession_core::{Admission, Handle, StoreError, Timestamp};

use super::entry::{Entry, EntryStatus};
use super::member::{CLOCKS_APART, Member, read_entry, read_reply};
use super::required_entry::RequiredEntry;
use crate::call::Call;
use crate::redis_store::RedisStore;
use crate::script::ADMIT;
use crate::time::millis_to_live;

/// An upper limit on the duration of a sign-in. An older entry whose record does not belong to its
/// principal was made for a sign-in that failed.
const LONGEST_SIGN_IN: Duration = Duration::from_secs(60);

impl RedisStore {
    /// Adds an entry to a full index, after checking its current `entries`. Void and expired
    /// entries are removed first; if that is not enough, the oldest sessions end, or the entry is
    /// refused (`None`). Returns the sessions that were ended.
    pub(crate) async fn admit(
        &self,
        required: &RequiredEntry,
        admission: Admission,
        entries: Vec<(Entry, Timestamp)>,
        now: Timestamp,
    ) -> Result<Option<Vec<Handle>>, StoreError> {
        let mut call = Call::script(&ADMIT, &self.keys.index(&required.owner))
            .arg(&required.entry.to_bytes()[..])
            .arg(required.began_at.as_millis())
            .arg(millis_to_live(required.lifetime + CLOCKS_APART))
            .arg(admission.limit().get())
            .arg(u8::from(admission.evicts()));
        for entry in self.void_entries(required, entries, now).await? {
            call = call.arg(&entry.to_bytes()[..]);
        }
        let (is_admitted, condemned) = read_reply(self.connections.call(&call).await?)?;
        if !is_admitted {
            return Ok(None);
        }
        let condemned = condemned.map(read_entry).collect::<Result<_, _>>()?;
        self.evict(required, condemned).await.map(Some)
    }

    /// Returns the entries that take no room: void ones, those of failed sign-ins, older ones of a
    /// session that has a newer one, and those of expired sessions. Expired sessions are ended
    /// first, so that no node still accepts them; one that another request has extended in the
    /// meantime takes room. So does a record that cannot be read.
    async fn void_entries(
        &self,
        required: &RequiredEntry,
        entries: Vec<(Entry, Timestamp)>,
        now: Timestamp,
    ) -> Result<Vec<Entry>, StoreError> {
        let times: BTreeMap<_, _> = entries.iter().copied().collect();
        let entries = entries.into_iter().map(|(entry, _)| entry).collect();
        let mut void = Vec::new();
        let mut newest: BTreeMap<Handle, Entry> = BTreeMap::new();
        for member in self.members(&required.owner, entries).await {
            let mut member = match member {
                Ok(member) => member,
                Err(unknown) if unknown.is_unreadable() => continue,
                Err(unknown) => return Err(unknown.error),
            };
            if let Some(expired) = member.session.take_if(|session| session.is_expired(now)) {
                let newer = self.end_expired(expired, now).await?;
                member = Member::of(member.entry, &required.owner, newer);
            }
            let entry = member.entry;
            let has_failed = member.status == EntryStatus::Undecided
                && times
                    .get(&entry)
                    .is_some_and(|began| *began + LONGEST_SIGN_IN < now);
            if member.status == EntryStatus::Void || has_failed {
                void.push(entry);
            } else if let Some(other) = newest.insert(entry.handle, entry) {
                newest.insert(entry.handle, entry.max(other));
                void.push(entry.min(other));
            }
        }
        Ok(void)
    }

    /// Ends the sessions of condemned entries, and returns those that this call ended.
    async fn evict(
        &self,
        required: &RequiredEntry,
        condemned: Vec<Entry>,
    ) -> Result<Vec<Handle>, StoreError> {
        let (mut evicted, mut gone) = (Vec::new(), Vec::new());
        for member in self.members(&required.owner, condemned).await {
            let ending = match self.end_member(&required.owner, member).await {
                Ok(ending) => ending,
                // The others stay condemned: the next caller that needs room ends them.
                Err(error) => return Err(error.after_ending(evicted)),
            };
            if let Some(session) = &ending.session {
                self.forget(session).await;
            }
            // One that is not void has a sign-in in progress: the next caller that needs room ends it.
            if ending.is_void {
                evicted.extend(ending.is_ended.then_some(ending.entry.handle));
                gone.push(ending.entry);
            }
        }
        self.leave(&required.owner, &gone).await;
        Ok(evicted)
    }
}

//! The limit on a principal's sessions.

use std::collections::BTreeMap;

use certsession_core::{Admission, Handle, StoreError, Timestamp};

use super::claim::Claim;
use super::entry::{Entry, Standing};
use super::member::{Member, read_entries};
use crate::RedisStore;
use crate::call::Call;
use crate::script::ADMIT;
use crate::time::millis_to_live;

impl RedisStore {
    /// Makes an entry where there was no room, after a look at what takes the room: `entries`.
    /// What is void or has expired makes room by going; if that is not enough, the oldest
    /// sessions end, or the entry is refused (`None`). Tells which sessions were ended.
    pub(crate) async fn admit(
        &self,
        claim: &Claim,
        admission: Admission,
        entries: Vec<Entry>,
        now: Timestamp,
    ) -> Result<Option<Vec<Handle>>, StoreError> {
        let members = self.members(&claim.owner, entries).await;
        let members = members.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut call = Call::script(&ADMIT, &self.keys.index(&claim.owner))
            .arg(&claim.entry.to_bytes()[..])
            .arg(claim.began_at.as_millis())
            .arg(millis_to_live(claim.lifetime))
            .arg(admission.limit().get())
            .arg(u8::from(admission.evicts()));
        for entry in self.void_entries(members, now).await? {
            call = call.arg(&entry.to_bytes()[..]);
        }
        let answer = self.connections.call(&call).await?;
        match read_entries(answer)? {
            (true, condemned) => self.evict(claim, condemned).await.map(Some),
            (false, _) => Ok(None),
        }
    }

    /// The entries that take no room: void ones, older ones of a session that has another, and
    /// those of expired sessions, which are ended first so that nobody sees them again.
    async fn void_entries(
        &self,
        members: Vec<Member>,
        now: Timestamp,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut void = Vec::new();
        let mut newest: BTreeMap<Handle, Entry> = BTreeMap::new();
        for member in members {
            let entry = member.entry;
            let expired = member.record.filter(|record| record.is_expired(now));
            if let Some(record) = expired {
                self.end_while(record, |record| record.is_expired(now))
                    .await?;
                void.push(entry);
            } else if member.standing == Standing::Void {
                void.push(entry);
            } else if let Some(other) = newest.insert(entry.handle, entry) {
                newest.insert(entry.handle, entry.max(other));
                void.push(entry.min(other));
            }
        }
        Ok(void)
    }

    /// Ends the sessions of condemned entries, and tells which this call ended.
    async fn evict(&self, claim: &Claim, condemned: Vec<Entry>) -> Result<Vec<Handle>, StoreError> {
        let (mut evicted, mut gone) = (Vec::new(), Vec::new());
        for member in self.members(&claim.owner, condemned).await {
            let Member {
                entry,
                record,
                standing,
            } = member?;
            match (record, standing) {
                (Some(record), Standing::Belongs) => {
                    let belongs = |record: &_| {
                        entry.standing(&claim.owner, Some(record)) == Standing::Belongs
                    };
                    if self.end_while(record, belongs).await? {
                        evicted.push(entry.handle);
                    }
                    gone.push(entry);
                }
                (_, Standing::Void) => gone.push(entry),
                // Its sign-in is under way; the next one who needs room ends it.
                _ => {}
            }
        }
        self.leave(&claim.owner, &gone).await;
        Ok(evicted)
    }
}

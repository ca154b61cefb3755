//! Creating a record.

use certsession_core::{
    Admission, Creation, Handle, Record, SessionSummary, StoreError, Timestamp,
};
use redis::Value;

use crate::call::Call;
use crate::error::unexpected_result;
use crate::index::{Join, RequiredEntries, RequiredEntry};
use crate::redis_store::RedisStore;
use crate::script::CREATE;
use crate::time::millis_to_live;

impl RedisStore {
    /// Writes a record, then its index entries.
    pub(super) async fn create_record(
        &self,
        record: &std::sync::Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Result<Creation, StoreError> {
        let required = RequiredEntries::of(&SessionSummary::from(&**record), now);
        let lifetime = record.idle_deadline().saturating_since(now);
        let create = Call::script(&CREATE, &self.keys.session(record.handle()))
            .arg(record.encode())
            .arg(millis_to_live(lifetime));
        let joins = required
            .iter()
            .map(|required| self.join(required, admission.filter(|_| required.is_limited())));
        let calls: Vec<_> = std::iter::once(create).chain(joins).collect();
        let mut replies = self.connections.in_order(&calls).await?.value.into_iter();
        match replies.next() {
            Some(Value::Int(1)) => {}
            // The entries are for a token that was never issued; they are void and are removed
            // later.
            Some(Value::Int(0)) => return Ok(Creation::Exists),
            _ => return Err(unexpected_result("the creation of a record")),
        }
        let mut evicted = Vec::new();
        for (required, reply) in required.iter().zip(replies) {
            match self.settle(required, reply, admission, now).await {
                Ok(Some(ended)) => evicted.extend(ended),
                Ok(None) => {
                    self.delete_unissued(record).await?;
                    return Ok(Creation::LimitReached);
                }
                Err(error) => return Err(error.after_ending(evicted)),
            }
        }
        Ok(Creation::Created { evicted })
    }

    /// Completes an attempt to join an index: `None` if the limit refuses it, otherwise the
    /// sessions that were ended to make room.
    pub(super) async fn settle(
        &self,
        required: &RequiredEntry,
        reply: Value,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Result<Option<Vec<Handle>>, StoreError> {
        match (Join::read(reply)?, admission) {
            (Join::Joined { look_at }, _) => {
                self.tidy(&required.owner, look_at).await;
                Ok(Some(Vec::new()))
            }
            (Join::Full { entries }, Some(admission)) => {
                self.admit(required, admission, entries, now).await
            }
            (Join::Full { .. }, None) => Err(unexpected_result("joining an index without a limit")),
        }
    }
}

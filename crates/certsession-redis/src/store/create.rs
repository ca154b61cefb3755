//! A new record.

use certsession_core::{Admission, Creation, Handle, Record, StoreError, Timestamp};
use redis::Value;

use super::RedisStore;
use crate::call::Call;
use crate::error::unexpected_answer;
use crate::index::{Join, RequiredEntries, RequiredEntry};
use crate::script::CREATE;
use crate::time::millis_to_live;

impl RedisStore {
    /// Writes a record, then its entries.
    pub(super) async fn create_record(
        &self,
        record: &std::sync::Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Result<Creation, StoreError> {
        let Some(required) = RequiredEntries::of(record, now) else {
            return Err(unexpected_answer("nobody: a record without an owner"));
        };
        let lifetime = record.idle_deadline().saturating_since(now);
        let create = Call::script(&CREATE, &self.keys.session(record.handle()))
            .arg(record.encode())
            .arg(millis_to_live(lifetime));
        let joins = required
            .iter()
            .map(|required| self.join(required, admission.filter(|_| required.is_limited())));
        let calls: Vec<_> = std::iter::once(create).chain(joins).collect();
        let mut answers = self.connections.in_order(&calls).await?.value.into_iter();
        match answers.next() {
            Some(Value::Int(1)) => {}
            // Nobody has a token for what was indexed; it goes by itself.
            Some(Value::Int(0)) => return Ok(Creation::Exists),
            _ => return Err(unexpected_answer("the creation of a record")),
        }
        let mut evicted = Vec::new();
        for (required, answer) in required.iter().zip(answers) {
            match self.settle(required, answer, admission, now).await? {
                Some(ended) => evicted.extend(ended),
                None => {
                    self.take_back(record).await?;
                    return Ok(Creation::LimitReached);
                }
            }
        }
        Ok(Creation::Created { evicted })
    }

    /// Makes of an attempt to join an index what it has to become: `None` if the limit refuses
    /// it, otherwise the sessions that were ended to make room.
    pub(super) async fn settle(
        &self,
        required: &RequiredEntry,
        answer: Value,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Result<Option<Vec<Handle>>, StoreError> {
        match (Join::read(answer)?, admission) {
            (Join::Joined { look_at }, _) => {
                self.tidy(&required.owner, look_at).await;
                Ok(Some(Vec::new()))
            }
            (Join::Full { entries }, Some(admission)) => {
                self.admit(required, admission, entries, now).await
            }
            (Join::Full { .. }, None) => Err(unexpected_answer("a step without a limit")),
        }
    }
}

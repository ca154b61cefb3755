//! Reading records.

use std::sync::Arc;

use certsession_core::{Handle, OwnerKey, Record, StoreError, Timestamp};

use super::FirestoreStore;
use crate::layout::{Member, Select, read_record};

impl FirestoreStore {
    /// The record of this handle with its stamp, expired or not.
    pub(super) async fn fetch(&self, handle: Handle) -> Result<Option<Arc<Record>>, StoreError> {
        let name = self.client.layout.session(handle);
        match self.client.get(name).await? {
            Some(document) => read_record(handle, document).map(Some),
            None => Ok(None),
        }
    }

    /// The documents of an owner.
    pub(super) async fn members(
        &self,
        owner: &OwnerKey,
        select: Select,
    ) -> Result<Vec<Member>, StoreError> {
        let layout = &self.client.layout;
        let documents = self.client.query(&layout.of_owner(owner, select)).await?;
        let members = documents.into_iter().filter_map(|it| layout.member(it));
        Ok(members.collect())
    }

    /// The live sessions of an owner, oldest first.
    pub(super) async fn list(
        &self,
        owner: &OwnerKey,
        now: Timestamp,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        let mut sessions = Vec::new();
        for member in self.members(owner, Select::Whole).await? {
            if let Member::Session {
                handle, document, ..
            } = member
            {
                let record = read_record(handle, document)?;
                if !record.is_expired(now) {
                    sessions.push(record);
                }
            }
        }
        sessions.sort_by_key(|record| (record.created_at(), record.handle()));
        Ok(sessions)
    }
}

//! Reading records.

use std::sync::Arc;

use certsession_core::{
    Cursor, Handle, OwnerKey, Page, Record, SessionPage, StoreError, StoreErrorKind, Timestamp,
};

use crate::firestore_store::FirestoreStore;
use crate::layout::{Member, Range, Select, read_record, read_summary};

/// No session's document has a name behind this one's.
const LAST: Handle = Handle::from_bytes([0xff; Handle::LENGTH]);

impl FirestoreStore {
    /// The record of this handle with its stamp, expired or not.
    pub(super) async fn fetch(&self, handle: Handle) -> Result<Option<Arc<Record>>, StoreError> {
        let name = self.client.layout.session(handle);
        match self.client.get(name).await? {
            Some(document) => read_record(handle, document).map(Some),
            None => Ok(None),
        }
    }

    /// Documents of an owner, or of everyone, sorted by name.
    pub(super) async fn members(
        &self,
        owner: Option<&OwnerKey>,
        select: Select,
        range: Range,
    ) -> Result<Vec<Member>, StoreError> {
        let layout = &self.client.layout;
        let query = layout.of_owner(owner, select, range);
        let documents = self.client.query(&query).await?;
        let members = documents.into_iter().filter_map(|it| layout.member(it));
        Ok(members.collect())
    }

    /// A page of the live sessions of an owner, or of everyone. They are distributed over the pages by their
    /// handles: an order by time would need an index that the operator has to create.
    pub(super) async fn list(
        &self,
        owner: Option<&OwnerKey>,
        page: &Page,
        now: Timestamp,
    ) -> Result<SessionPage, StoreError> {
        // The documents by which principals take their turns come after all sessions.
        let mut range = Range {
            until: owner.is_none().then_some(LAST),
            ..Range::default()
        };
        if let Some(cursor) = page.cursor() {
            let Ok(handle) = cursor.as_bytes().try_into() else {
                // It is not one of this store's.
                return Ok(SessionPage::default());
            };
            range.behind = Some(Handle::from_bytes(handle));
        }
        let (mut sessions, mut unreadable) = (Vec::new(), Vec::new());
        loop {
            // Expired sessions are skipped, so the page may take several looks.
            let room = page.limit() - sessions.len();
            range.most = Some(room + 1);
            let mut members = self.members(owner, Select::Summaries, range).await?;
            let has_more = members.len() > room;
            members.truncate(room);
            for member in members {
                let Member::Session {
                    handle, document, ..
                } = member
                else {
                    continue;
                };
                range.behind = Some(handle);
                let summary = match read_summary(handle, &document) {
                    Some(summary) => Some(summary),
                    None => match self.fetch(handle).await {
                        Err(error)
                            if owner.is_none() && error.kind() == StoreErrorKind::Unreadable =>
                        {
                            unreadable.push(handle);
                            None
                        }
                        fetched => fetched?.as_deref().map(Into::into),
                    },
                };
                sessions.extend(summary.filter(|session| !session.is_expired(now)));
            }
            if !has_more || sessions.len() == page.limit() {
                let next = range.behind.filter(|_| has_more);
                let next = next.and_then(|handle| Cursor::new(handle.as_bytes()));
                return Ok(SessionPage::new(sessions, next).with_unreadable(unreadable));
            }
        }
    }
}

//! An owner's sessions, page by page.

use super::MemoryStore;
use super::owners::Place;
use crate::handle::Handle;
use crate::record::SessionSummary;
use crate::store::{Cursor, OwnerKey, Page, SessionPage};
use crate::time::Timestamp;

impl MemoryStore {
    pub(super) fn list(&self, owner: &OwnerKey, page: &Page, now: Timestamp) -> SessionPage {
        let mut behind = match page.cursor().map(read_cursor) {
            // It is not one of this store's.
            Some(None) => return SessionPage::default(),
            Some(place) => place,
            None => None,
        };
        let mut sessions = Vec::new();
        loop {
            // Those that have expired are skipped, so the page may take several looks.
            let room = page.limit() - sessions.len();
            let owners = self.owners.lock(&[*owner]);
            let mut members = owners.members_after(owner, behind);
            let places: Vec<_> = members.by_ref().take(room).collect();
            let has_more = members.next().is_some();
            drop(members);
            drop(owners);
            behind = places.last().copied().or(behind);
            let live = places
                .iter()
                .filter_map(|place| self.get(place.handle, now))
                .map(|record| SessionSummary::from(&*record));
            sessions.extend(live);
            if !has_more || sessions.len() == page.limit() {
                let next = behind.filter(|_| has_more).and_then(cursor);
                return SessionPage::new(sessions, next);
            }
        }
    }
}

fn cursor(place: Place) -> Option<Cursor> {
    let mut bytes = [0; 8 + Handle::LENGTH];
    bytes[..8].copy_from_slice(&place.began.as_millis().to_be_bytes());
    bytes[8..].copy_from_slice(place.handle.as_bytes());
    Cursor::new(&bytes)
}

fn read_cursor(cursor: &Cursor) -> Option<Place> {
    let (began, handle) = cursor.as_bytes().split_first_chunk()?;
    Some(Place {
        began: Timestamp::from_millis(u64::from_be_bytes(*began)),
        handle: Handle::from_bytes(handle.try_into().ok()?),
    })
}

//! An owner's sessions, and everyone's, page by page.

use super::owners::Place;
use super::{MemoryStore, sync};
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

impl MemoryStore {
    /// Shard by shard, in the order of their slots.
    pub(super) fn list_all(&self, page: &Page, now: Timestamp) -> SessionPage {
        let (mut number, mut slot) = match page.cursor().map(read_position) {
            // It is not one of this store's.
            Some(None) => return SessionPage::default(),
            Some(Some(position)) => position,
            None => (0, 0),
        };
        let mut sessions = Vec::new();
        while let Some(shard) = self.shards.get(number) {
            let room = page.limit() - sessions.len();
            let (live, more) = sync::lock(shard).live_from(slot, room, now);
            sessions.extend(live.iter().map(|record| SessionSummary::from(&**record)));
            if let Some(slot) = more {
                return SessionPage::new(sessions, position(number, slot));
            }
            (number, slot) = (number + 1, 0);
        }
        SessionPage::new(sessions, None)
    }
}

fn position(shard: usize, slot: usize) -> Option<Cursor> {
    let numbers = [shard as u64, slot as u64].map(u64::to_be_bytes);
    Cursor::new(numbers.as_flattened())
}

fn read_position(cursor: &Cursor) -> Option<(usize, usize)> {
    let (shard, slot) = cursor.as_bytes().split_first_chunk()?;
    let shard = usize::try_from(u64::from_be_bytes(*shard)).ok()?;
    let slot = usize::try_from(u64::from_be_bytes(slot.try_into().ok()?)).ok()?;
    Some((shard, slot))
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

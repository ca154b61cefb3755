//! The session's data as one block of memory.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::changes::Changes;
use crate::leb128;

/// A session's data: one JSON text per key, in one shared block of memory.
///
/// A value is decoded only when a handler reads it, a clone only increments a reference count, and
/// a session with six keys is one allocation. The block is a sequence of entries sorted by name.
/// Each entry is the length of the name, the name, the length of the JSON text, and the text.
/// Lengths are unsigned LEB128.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Data(Option<Arc<[u8]>>);

impl Data {
    /// The JSON text of one key.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.entries()
            .find(|(entry, _)| *entry == name.as_bytes())
            .map(|(_, json)| json)
    }

    /// Every key with its JSON text, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, &[u8])> {
        self.entries()
            .map(|(name, json)| (String::from_utf8_lossy(name), json))
    }

    /// The size of the block in bytes.
    pub fn size(&self) -> usize {
        self.as_block().len()
    }

    /// Returns this data with the changes applied.
    pub(crate) fn apply(&self, changes: &Changes) -> Self {
        if changes.is_empty() {
            return self.clone();
        }
        let mut block = Vec::with_capacity(self.size_at_most(changes));
        self.merge(changes, |piece| match piece {
            Piece::Kept(entries) => block.extend_from_slice(entries),
            Piece::Written((name, json)) => {
                leb128::push_field(&mut block, name);
                leb128::push_field(&mut block, json);
            }
        });
        Self((!block.is_empty()).then(|| block.into()))
    }

    /// Whether it holds what the changes are conditional on.
    pub(crate) fn meets_conditions_of(&self, changes: &Changes) -> bool {
        let mut expected = changes.expected();
        expected.all(|(name, json)| self.get(name) == json)
    }

    /// The size of the block in bytes after the changes.
    pub(crate) fn size_with(&self, changes: &Changes) -> usize {
        let mut size = 0;
        self.merge(changes, |piece| {
            size += match piece {
                Piece::Kept(entries) => entries.len(),
                Piece::Written(entry) => entry_size(entry),
            };
        });
        size
    }

    /// An upper bound of the size in bytes after the changes, computed without reading the stored
    /// entries: as if none of them were removed.
    pub(crate) fn size_at_most(&self, changes: &Changes) -> usize {
        let written = changes
            .edits()
            .filter_map(|(name, json)| Some(entry_size((name, json?))));
        self.size() + written.sum::<usize>()
    }

    /// Reads a block that a store kept; `None` if it is not a valid sequence of entries.
    pub(crate) fn from_block(block: &[u8]) -> Option<Self> {
        let mut entries = Entries { rest: block };
        let mut last = None;
        while !entries.rest.is_empty() {
            let (name, _) = entries.next()?;
            let is_in_order = last.is_none_or(|last| last < name);
            if !is_in_order || std::str::from_utf8(name).is_err() {
                return None;
            }
            last = Some(name);
        }
        Some(Self((!block.is_empty()).then(|| block.into())))
    }

    /// The block, for a store to keep.
    pub(crate) fn as_block(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Passes the pieces of the changed block to `put`, in order. Both inputs are sorted by name,
    /// so the entries between two edits stay in one piece.
    fn merge<'a>(&'a self, changes: &'a Changes, mut put: impl FnMut(Piece<'a>)) {
        let mut rest = self.entries();
        for (name, json) in changes.edits() {
            rest.take_up_to(name).put_kept(changes, &mut put);
            // Skip a key that the changes remove.
            if let Some(json) = json {
                put(Piece::Written((name, json)));
            }
        }
        rest.put_kept(changes, &mut put);
    }

    fn entries(&self) -> Entries<'_> {
        Entries {
            rest: self.as_block(),
        }
    }
}

impl fmt::Debug for Data {
    /// Shows the number of keys and bytes, never the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.entries().count();
        write!(f, "Data({keys} keys, {} bytes)", self.size())
    }
}

/// A name, and a JSON text.
type Entry<'a> = (&'a [u8], &'a [u8]);

/// A piece of the changed block.
enum Piece<'a> {
    /// Entries copied unchanged from the block.
    Kept(&'a [u8]),
    Written(Entry<'a>),
}

struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Entries<'a> {
    /// Takes the entries before this name from the front, and skips the entry with this name.
    fn take_up_to(&mut self, name: &[u8]) -> Self {
        let all = self.rest;
        loop {
            let here = self.rest;
            let order = self.next().map(|(entry, _)| entry.cmp(name));
            match order {
                Some(Ordering::Less) => continue,
                Some(Ordering::Equal) => {}
                Some(Ordering::Greater) | None => self.rest = here,
            }
            let rest = &all[..all.len() - here.len()];
            return Self { rest };
        }
    }

    fn put_kept(self, changes: &Changes, put: &mut impl FnMut(Piece<'a>)) {
        if changes.keeps_all() {
            return put(Piece::Kept(self.rest));
        }
        for entry in self {
            if changes.keeps(entry.0) {
                put(Piece::Written(entry));
            }
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let name = leb128::take_field(&mut self.rest)?;
        let json = leb128::take_field(&mut self.rest)?;
        Some((name, json))
    }
}

fn entry_size((name, json): Entry<'_>) -> usize {
    [name, json]
        .map(|field| leb128::size(field.len() as u64) + field.len())
        .iter()
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn data(entries: &[(&'static str, &str)]) -> Data {
        let mut changes = Changes::default();
        for (name, json) in entries {
            changes.insert((*name).into(), json.as_bytes().into());
        }
        Data::default().apply(&changes)
    }

    #[test]
    fn debug_shows_the_size_and_not_the_content() {
        assert_eq!(
            format!("{:?}", data(&[("cart", "\"swordfish\"")])),
            "Data(1 keys, 17 bytes)"
        );
    }

    #[test]
    fn a_carried_key_stays_and_the_others_go() {
        let stored = data(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let mut changes = Changes::default();
        changes.insert("d".into(), b"4"[..].into());
        changes.retain(&BTreeSet::from(["b".into(), "d".into()]));
        changes.insert("a".into(), b"5"[..].into());
        assert_eq!(
            stored.apply(&changes),
            data(&[("a", "5"), ("b", "2"), ("d", "4")])
        );
    }

    #[test]
    fn removing_the_last_key_leaves_no_block() {
        let mut changes = Changes::default();
        changes.remove("a".into());
        assert_eq!(data(&[("a", "1")]).apply(&changes), Data::default());
    }

    proptest! {
        #[test]
        fn a_block_behaves_like_a_map(
            steps in prop::collection::vec(
                prop::collection::vec(("[a-e]{0,3}", prop::option::of(".{0,300}")), 0..5),
                0..6,
            ),
        ) {
            let mut map = BTreeMap::new();
            let mut data = Data::default();
            for step in steps {
                let mut changes = Changes::default();
                for (name, value) in step {
                    match value {
                        Some(text) => {
                            changes.insert(name.clone().into(), text.as_bytes().into());
                            map.insert(name, text);
                        }
                        None => {
                            changes.remove(name.clone().into());
                            map.remove(&name);
                        }
                    }
                }
                let size = data.size_with(&changes);
                data = data.apply(&changes);
                prop_assert_eq!(data.size(), size);
            }
            let read: BTreeMap<_, _> = data
                .iter()
                .map(|(name, json)| (name.into_owned(), String::from_utf8(json.to_vec()).unwrap()))
                .collect();
            prop_assert_eq!(&read, &map);
            for (name, text) in &map {
                prop_assert_eq!(data.get(name), Some(text.as_bytes()));
            }
        }
    }
}

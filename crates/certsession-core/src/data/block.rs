//! The session's data as one block of memory.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::changes::{Changes, Edit};

/// A session's data: one JSON text per key, in one shared block of memory.
///
/// Nothing is decoded before somebody reads it, a clone costs a reference count, and a
/// session of six keys is one allocation. The block is a sequence of entries in the order of
/// their names; each is the length of the name, the name, the length of the JSON text, the
/// text. Lengths are unsigned LEB128.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Data(Option<Arc<[u8]>>);

impl Data {
    /// The JSON text of one key.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.entries()
            .find(|(entry, _)| *entry == name.as_bytes())
            .map(|(_, json)| json)
    }

    /// Every key with its JSON text, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, &[u8])> {
        self.entries()
            .map(|(name, json)| (String::from_utf8_lossy(name), json))
    }

    /// How many bytes the block takes.
    pub fn size(&self) -> usize {
        self.bytes().len()
    }

    /// This data with the changes made to it.
    pub(crate) fn apply(&self, changes: &Changes) -> Self {
        if changes.is_empty() {
            return self.clone();
        }
        let mut block = Vec::with_capacity(self.size_with(changes));
        let mut inserts = changes.inserts().peekable();
        for (name, json) in self.entries() {
            while let Some((new, text)) = inserts.next_if(|(new, _)| new.as_bytes() <= name) {
                push_entry(&mut block, new.as_bytes(), text);
            }
            if changes.edit(name) == Edit::Stored {
                push_entry(&mut block, name, json);
            }
        }
        for (new, text) in inserts {
            push_entry(&mut block, new.as_bytes(), text);
        }
        Self((!block.is_empty()).then(|| block.into()))
    }

    /// How many bytes the block would take with the changes made to it.
    pub(crate) fn size_with(&self, changes: &Changes) -> usize {
        let stays = |name: &&[u8]| changes.edit(name) == Edit::Stored;
        let stored: usize = self
            .entries()
            .filter(|(name, _)| stays(name))
            .map(|(name, json)| entry_size(name, json))
            .sum();
        let inserted: usize = changes
            .inserts()
            .map(|(name, json)| entry_size(name.as_bytes(), json))
            .sum();
        stored + inserted
    }

    fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    fn entries(&self) -> Entries<'_> {
        Entries { rest: self.bytes() }
    }
}

impl fmt::Debug for Data {
    /// Shows how much there is, never what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.entries().count();
        write!(f, "Data({keys} keys, {} bytes)", self.size())
    }
}

struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.field()?;
        let json = self.field()?;
        Some((name, json))
    }
}

impl<'a> Entries<'a> {
    fn field(&mut self) -> Option<&'a [u8]> {
        let mut length = 0;
        let mut shift = 0;
        loop {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            length |= usize::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        let (field, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(field)
    }
}

fn entry_size(name: &[u8], json: &[u8]) -> usize {
    [name, json]
        .map(|field| length_size(field.len()) + field.len())
        .iter()
        .sum()
}

/// How many bytes a length takes, seven bits in each.
fn length_size(length: usize) -> usize {
    let bits = usize::BITS - length.leading_zeros();
    bits.div_ceil(7).max(1) as usize
}

fn push_entry(block: &mut Vec<u8>, name: &[u8], json: &[u8]) {
    for field in [name, json] {
        let mut length = field.len();
        while length >= 0x80 {
            // The low seven bits, marked as "more follow".
            block.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        block.push(length as u8);
        block.extend_from_slice(field);
    }
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
    fn debug_shows_how_much_there_is_and_not_what() {
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

//! What a request does to the session's data, key by key.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

type Name = Cow<'static, str>;

/// What a request does to the session's data: which stored keys stay, and which keys it
/// writes or removes.
///
/// Changes are applied to what the store holds at the time of the commit, not to what the
/// request loaded, so that requests which write different keys do not undo each other.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    keep: Keep,
    edits: BTreeMap<Name, Option<Box<[u8]>>>,
}

/// Which of the stored keys stay.
#[derive(Clone, Default, PartialEq, Eq)]
enum Keep {
    #[default]
    All,
    Only(BTreeSet<Name>),
}

/// What was noted for a key: a value, or its removal.
pub(crate) struct Noted(Option<Box<[u8]>>);

/// What the changes say of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit<'a> {
    /// The stored value, if there is one, stays.
    Stored,
    /// This JSON text is written.
    Insert(&'a [u8]),
    /// The key is removed.
    Remove,
}

impl Changes {
    /// Notes a value, and returns what was noted for its key before.
    pub(crate) fn insert(&mut self, name: Name, json: Box<[u8]>) -> Option<Noted> {
        self.edits.insert(name, Some(json)).map(Noted)
    }

    /// Takes an insertion back.
    pub(crate) fn restore(&mut self, name: &str, before: Option<Noted>) {
        match (self.edits.get_mut(name), before) {
            (Some(edit), Some(Noted(before))) => *edit = before,
            _ => {
                self.edits.remove(name);
            }
        }
    }

    pub(crate) fn remove(&mut self, name: Name) {
        self.edits.insert(name, None);
    }

    /// Drops everything but the keys named: stored values and changes made so far alike.
    pub(crate) fn retain(&mut self, carried: &BTreeSet<Name>) {
        self.edits.retain(|name, _| carried.contains(name));
        self.keep = Keep::Only(match &self.keep {
            Keep::All => carried.clone(),
            Keep::Only(kept) => kept.intersection(carried).cloned().collect(),
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.edits.is_empty() && matches!(self.keep, Keep::All)
    }

    /// What the changes say of one key.
    pub(crate) fn edit(&self, name: &str) -> Edit<'_> {
        match self.edits.get(name) {
            Some(Some(json)) => Edit::Insert(json),
            Some(None) => Edit::Remove,
            None if self.keeps(name.as_bytes()) => Edit::Stored,
            None => Edit::Remove,
        }
    }

    /// Whether the stored value of a key stays, if no edit says otherwise.
    pub(crate) fn keeps(&self, name: &[u8]) -> bool {
        match &self.keep {
            Keep::All => true,
            Keep::Only(kept) => std::str::from_utf8(name).is_ok_and(|name| kept.contains(name)),
        }
    }

    /// The keys that are written, with their JSON texts, and those that are removed, in order.
    pub(crate) fn edits(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let edits = self.edits.iter();
        edits.map(|(name, json)| (name.as_bytes(), json.as_deref()))
    }

    /// Whether a key is written.
    pub(crate) fn has_inserts(&self) -> bool {
        self.edits.values().any(Option::is_some)
    }
}

impl fmt::Debug for Changes {
    /// Shows how much changes, never what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keeps_all = matches!(self.keep, Keep::All);
        write!(
            f,
            "Changes({} keys, keeps all: {keeps_all})",
            self.edits.len()
        )
    }
}

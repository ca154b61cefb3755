//! What a request does to the session's data, key by key.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

type Name = Cow<'static, str>;

/// What a request does to the session's data: which stored keys stay, and which keys it
/// writes or removes.
///
/// Changes are applied to what the store holds at the time of the commit, not to what the
/// request loaded, so that requests which write different keys do not undo each other.
///
/// A request that merely reads allocates nothing for them, and a clone costs a reference count.
#[derive(Clone, Default)]
pub(crate) struct Changes(Option<Arc<Notes>>);

#[derive(Clone, Default)]
struct Notes {
    keep: Keep,
    edits: BTreeMap<Name, Option<Box<[u8]>>>,
}

/// Which of the stored keys stay.
#[derive(Clone, Default)]
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
        self.notes_mut().edits.insert(name, Some(json)).map(Noted)
    }

    /// Takes an insertion back.
    pub(crate) fn restore(&mut self, name: &str, before: Option<Noted>) {
        let edits = &mut self.notes_mut().edits;
        match (edits.get_mut(name), before) {
            (Some(edit), Some(Noted(before))) => *edit = before,
            _ => {
                edits.remove(name);
            }
        }
    }

    pub(crate) fn remove(&mut self, name: Name) {
        self.notes_mut().edits.insert(name, None);
    }

    /// Drops everything but the keys named: stored values and changes made so far alike.
    pub(crate) fn retain(&mut self, carried: &BTreeSet<Name>) {
        let Notes { keep, edits } = self.notes_mut();
        edits.retain(|name, _| carried.contains(name));
        *keep = Keep::Only(match keep {
            Keep::All => carried.clone(),
            Keep::Only(kept) => kept.intersection(carried).cloned().collect(),
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        let is_empty = |notes: &Notes| notes.edits.is_empty() && matches!(notes.keep, Keep::All);
        self.notes().is_none_or(is_empty)
    }

    /// What the changes say of one key.
    pub(crate) fn edit(&self, name: &str) -> Edit<'_> {
        match self.notes().and_then(|notes| notes.edits.get(name)) {
            Some(Some(json)) => Edit::Insert(json),
            Some(None) => Edit::Remove,
            None if self.keeps(name.as_bytes()) => Edit::Stored,
            None => Edit::Remove,
        }
    }

    /// Whether every stored value stays, if no edit says otherwise.
    pub(crate) fn keeps_all(&self) -> bool {
        self.notes()
            .is_none_or(|notes| matches!(notes.keep, Keep::All))
    }

    /// Whether the stored value of a key stays, if no edit says otherwise.
    pub(crate) fn keeps(&self, name: &[u8]) -> bool {
        match self.notes().map(|notes| &notes.keep) {
            None | Some(Keep::All) => true,
            Some(Keep::Only(kept)) => {
                std::str::from_utf8(name).is_ok_and(|name| kept.contains(name))
            }
        }
    }

    /// The keys that are written, with their JSON texts, and those that are removed, in order.
    pub(crate) fn edits(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let edits = self.notes().into_iter().flat_map(|notes| &notes.edits);
        edits.map(|(name, json)| (name.as_bytes(), json.as_deref()))
    }

    /// Whether a key is written.
    pub(crate) fn has_inserts(&self) -> bool {
        self.edits().any(|(_, json)| json.is_some())
    }

    fn notes(&self) -> Option<&Notes> {
        self.0.as_deref()
    }

    /// A request's own: they are shared only while its commit is under way, and nothing is noted
    /// then.
    fn notes_mut(&mut self) -> &mut Notes {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl fmt::Debug for Changes {
    /// Shows how much changes, never what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keys, keeps_all) = (self.edits().count(), self.keeps_all());
        write!(f, "Changes({keys} keys, keeps all: {keeps_all})")
    }
}

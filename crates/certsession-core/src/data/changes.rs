//! What a request does to the session's data, key by key.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

type Name = Cow<'static, str>;

/// The changes of one request to the session's data: which stored keys stay, and which keys it
/// writes or removes.
///
/// Changes are applied to what the store holds at the time of the commit, not to what the
/// request loaded, so that requests which write different keys do not undo each other.
///
/// A request that only reads allocates nothing for them, and a clone only increments a reference
/// count.
#[derive(Clone, Default)]
pub(crate) struct Changes(Option<Arc<ChangeSet>>);

#[derive(Clone, Default)]
struct ChangeSet {
    keep: Keep,
    edits: BTreeMap<Name, Option<Box<[u8]>>>,
    /// What the store has to hold of some keys (`None`: nothing), or the commit is not applied.
    expected: BTreeMap<Name, Option<Box<[u8]>>>,
}

/// Which of the stored keys stay.
#[derive(Clone, Default)]
enum Keep {
    #[default]
    All,
    Only(BTreeSet<Name>),
}

/// The edit recorded for a key before the latest one: a value, or its removal.
pub(crate) struct PreviousEdit(Option<Box<[u8]>>);

/// What the changes do to one key.
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
    /// Records a new value, and returns the edit that was recorded for this key before.
    pub(crate) fn insert(&mut self, name: Name, json: Box<[u8]>) -> Option<PreviousEdit> {
        self.set_mut()
            .edits
            .insert(name, Some(json))
            .map(PreviousEdit)
    }

    /// Undoes an insertion.
    pub(crate) fn restore(&mut self, name: &str, before: Option<PreviousEdit>) {
        let edits = &mut self.set_mut().edits;
        match (edits.get_mut(name), before) {
            (Some(edit), Some(PreviousEdit(before))) => *edit = before,
            _ => {
                edits.remove(name);
            }
        }
    }

    pub(crate) fn remove(&mut self, name: Name) {
        self.set_mut().edits.insert(name, None);
    }

    /// Drops every key that is not in `carried`, both stored values and earlier changes.
    pub(crate) fn retain(&mut self, carried: &BTreeSet<Name>) {
        let ChangeSet { keep, edits, .. } = self.set_mut();
        edits.retain(|name, _| carried.contains(name));
        *keep = Keep::Only(match keep {
            Keep::All => carried.clone(),
            Keep::Only(kept) => kept.intersection(carried).cloned().collect(),
        });
    }

    /// Makes the commit conditional: it is applied only if the store still holds this JSON text
    /// under the key, or nothing.
    pub(crate) fn expect(&mut self, name: Name, json: Option<Box<[u8]>>) {
        self.set_mut().expected.insert(name, json);
    }

    /// The keys that the commit is conditional on, with the JSON text that the store has to hold.
    pub(crate) fn expected(&self) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
        let expected = self.set().into_iter().flat_map(|set| &set.expected);
        expected.map(|(name, json)| (&**name, json.as_deref()))
    }

    /// Drops the expectations with the edits of the same keys: what was to happen on a condition
    /// must not happen without it.
    pub(crate) fn drop_expected(&mut self) {
        if self.set().is_some_and(|set| !set.expected.is_empty()) {
            let ChangeSet {
                edits, expected, ..
            } = self.set_mut();
            edits.retain(|name, _| !expected.contains_key(name));
            expected.clear();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        let is_empty = |set: &ChangeSet| set.edits.is_empty() && matches!(set.keep, Keep::All);
        self.set().is_none_or(is_empty)
    }

    /// Returns what the changes do to one key.
    pub(crate) fn edit(&self, name: &str) -> Edit<'_> {
        match self.set().and_then(|set| set.edits.get(name)) {
            Some(Some(json)) => Edit::Insert(json),
            Some(None) => Edit::Remove,
            None if self.keeps(name.as_bytes()) => Edit::Stored,
            None => Edit::Remove,
        }
    }

    /// Whether every stored value stays, unless an edit changes it.
    pub(crate) fn keeps_all(&self) -> bool {
        self.set().is_none_or(|set| matches!(set.keep, Keep::All))
    }

    /// Whether the stored value of this key stays, unless an edit changes it.
    pub(crate) fn keeps(&self, name: &[u8]) -> bool {
        match self.set().map(|set| &set.keep) {
            None | Some(Keep::All) => true,
            Some(Keep::Only(kept)) => {
                std::str::from_utf8(name).is_ok_and(|name| kept.contains(name))
            }
        }
    }

    /// The keys that are written, with their JSON texts, and the keys that are removed, sorted by
    /// name.
    pub(crate) fn edits(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let edits = self.set().into_iter().flat_map(|set| &set.edits);
        edits.map(|(name, json)| (name.as_bytes(), json.as_deref()))
    }

    /// The changes with every written value as `seal` makes it.
    pub(crate) fn sealed<E>(
        &self,
        seal: impl Fn(&[u8], &[u8]) -> Result<Box<[u8]>, E>,
    ) -> Result<Self, E> {
        let Some(set) = self.set() else {
            return Ok(Self::default());
        };
        let mut sealed = set.clone();
        for (name, json) in &mut sealed.edits {
            if let Some(json) = json {
                *json = seal(name.as_bytes(), json)?;
            }
        }
        Ok(Self(Some(Arc::new(sealed))))
    }

    /// Whether any key is written.
    pub(crate) fn has_inserts(&self) -> bool {
        self.edits().any(|(_, json)| json.is_some())
    }

    fn set(&self) -> Option<&ChangeSet> {
        self.0.as_deref()
    }

    /// Never clones in practice: the changes are shared only while a commit is in flight, and the
    /// session refuses edits during that time.
    fn set_mut(&mut self) -> &mut ChangeSet {
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

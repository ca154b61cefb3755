//! Values that exactly one request gets, and the first value of a key: commits on a condition.

use std::borrow::{Borrow, Cow};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Session, SessionError};
use crate::data::{Edit, Key};

impl Session {
    /// Takes a value that exactly one request gets, however many ask for it at the same time: the
    /// key is removed in the commit, on the condition that the store still holds this value.
    ///
    /// **The value is this request's only when the commit has succeeded.** With
    /// [`SessionError::ValueChanged`] another request was faster; ask again then, for the session
    /// shows what the store holds now. An adapter's session does this by itself.
    ///
    /// # Errors
    ///
    /// If the session is over or the stored value does not have the key's type; the value stays
    /// then.
    pub fn take_once<T: DeserializeOwned>(
        &mut self,
        key: &Key<T>,
    ) -> Result<Option<T>, SessionError> {
        let value = self.get(key)?;
        match value {
            Some(_) => self.remove_on_condition(key.to_name())?,
            // A request that can change nothing learns so, rather than that there is no value.
            None => {
                self.changeable()?;
            }
        }
        Ok(value)
    }

    /// Writes a value if the key has none, and says whether it did: of parallel requests, the value
    /// of one is kept. Begins a session if there is none.
    ///
    /// **It is written only when the commit has succeeded**, as with
    /// [`take_once`](Self::take_once).
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn insert_if_absent<T, Q>(&mut self, key: &Key<T>, value: &Q) -> Result<bool, SessionError>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        if self.has_value(key.name()) {
            return Ok(false);
        }
        self.insert(key, value)?;
        self.require_absent(key.to_name());
        Ok(true)
    }

    /// Whether the next commit depends on the stored value of a key.
    pub fn is_conditional(&self) -> bool {
        self.pending.changes.expected().next().is_some()
    }

    /// Whether the key has a value, as this request sees it.
    pub(super) fn has_value(&self, name: &str) -> bool {
        match self.pending.changes.edit(name) {
            Edit::Insert(_) => true,
            Edit::Remove => false,
            Edit::Stored => self.stored(name).is_some(),
        }
    }

    /// Makes the write of a key depend on that no other request has written it meanwhile.
    pub(super) fn require_absent(&mut self, name: Cow<'static, str>) {
        // Nothing can have written into a session that this request begins.
        if self.base.is_some() && self.stored(&name).is_none() {
            self.pending.changes.expect(name, None);
        }
    }

    /// Removes a key, on the condition that the store still holds its value. A value that this very
    /// request has written is no other's to take.
    pub(super) fn remove_on_condition(
        &mut self,
        name: Cow<'static, str>,
    ) -> Result<(), SessionError> {
        let stored = match self.pending.changes.edit(&name) {
            Edit::Stored => self.stored(&name).map(Into::into),
            Edit::Insert(_) | Edit::Remove => None,
        };
        if let Some(pending) = self.changeable()? {
            if stored.is_some() {
                pending.changes.expect(name.clone(), stored);
            }
            pending.changes.remove(name);
        }
        Ok(())
    }

    /// The value as the store holds it: encrypted, if the session's data is.
    fn stored(&self, name: &str) -> Option<&[u8]> {
        self.record().and_then(|record| record.data.get(name))
    }
}

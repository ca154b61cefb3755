//! What a handler can read from its session.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{Phase, Session, SessionError};
use crate::certificate::PeerCertificate;
use crate::data::{Edit, Key, decode};
use crate::event::Refusal;
use crate::handle::Handle;
use crate::principal::Principal;
use crate::record::Record;
use crate::store::{StoreError, StoreErrorKind};
use crate::time::Timestamp;

impl Session {
    /// The value of a key: as this request wrote it, otherwise as it was loaded.
    ///
    /// # Errors
    ///
    /// If the stored value does not have the key's type.
    pub fn get<T: DeserializeOwned>(&self, key: &Key<T>) -> Result<Option<T>, SessionError> {
        let json = self.json(key.name())?;
        Ok(json.map(|json| decode(key, &json)).transpose()?)
    }

    /// The JSON text of a key: as this request wrote it, otherwise as it was loaded.
    #[inline]
    pub(super) fn json(&self, name: &str) -> Result<Option<Cow<'_, [u8]>>, SessionError> {
        match self.pending.changes.edit(name) {
            Edit::Insert(json) => Ok(Some(Cow::Borrowed(json))),
            Edit::Remove => Ok(None),
            Edit::Stored => match self.record().and_then(|record| record.data.get(name)) {
                Some(stored) => self.unsealed(name, stored).map(Some),
                None => Ok(None),
            },
        }
    }

    /// Every key with its JSON text, as this request sees them. What cannot be decrypted is left
    /// out.
    pub(super) fn texts(&self) -> BTreeMap<String, Vec<u8>> {
        let changes = &self.pending.changes;
        let stored = self.record().map(|record| record.data.clone());
        let mut texts = BTreeMap::new();
        for (name, stored) in stored.unwrap_or_default().iter() {
            if let Edit::Stored = changes.edit(&name)
                && let Ok(json) = self.unsealed(&name, stored)
            {
                texts.insert(name.into_owned(), json.into_owned());
            }
        }
        for (name, json) in changes.edits() {
            if let Some(json) = json {
                texts.insert(String::from_utf8_lossy(name).into_owned(), json.to_vec());
            }
        }
        texts
    }

    #[inline]
    fn unsealed<'j>(&self, name: &str, stored: &'j [u8]) -> Result<Cow<'j, [u8]>, SessionError> {
        let Some((base, data_key)) = self
            .base
            .as_ref()
            .and_then(|base| Some((base, base.data_key.as_ref()?)))
        else {
            return Ok(Cow::Borrowed(stored));
        };
        let opened = data_key.open(base.record.handle, name.as_bytes(), stored);
        opened.map(Cow::Owned).ok_or_else(|| {
            let cause = "a value was changed in the store, or is of another key or session";
            StoreError::with_source(StoreErrorKind::Unreadable, cause).into()
        })
    }

    /// Every key with its JSON text, as this request sees them.
    pub fn entries(&self) -> BTreeMap<String, String> {
        let texts = self.texts().into_iter();
        texts
            .map(|(name, json)| (name, String::from_utf8_lossy(&json).into_owned()))
            .collect()
    }

    /// The current time of the rules' clock, which decides about the session's deadlines.
    pub fn now(&self) -> Timestamp {
        self.rules.clock.now()
    }

    /// Why the request has no session, if it has one that it may not use: everything but a sign-in
    /// is refused for this reason.
    pub fn refusal(&self) -> Option<Refusal> {
        (self.phase == Phase::Renewed).then_some(Refusal::CertificateRenewed)
    }

    /// The public name of the session; `None` if there is none yet.
    pub fn handle(&self) -> Option<Handle> {
        self.record().map(|record| record.handle)
    }

    /// The signed-in principal, including a sign-in of this request.
    pub fn principal(&self) -> Option<&Principal> {
        let loaded = || self.record().and_then(|record| record.principal());
        self.pending.sign_in.as_ref().or_else(loaded)
    }

    /// The certificate of this connection's peer.
    pub fn peer(&self) -> Option<&Arc<PeerCertificate>> {
        self.peer.as_ref()
    }

    /// The record as it was loaded or last committed, with times, binding and so on. It does not
    /// show uncommitted changes of this request.
    pub fn record(&self) -> Option<&Arc<Record>> {
        self.base.as_ref().map(|base| &base.record)
    }
}

//! What a handler can read from its session.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{Base, Phase, Session, SessionError};
use crate::certificate::PeerCertificate;
use crate::data::{Edit, Key, decode};
use crate::event::Refusal;
use crate::handle::Handle;
use crate::principal::Principal;
use crate::record::Record;
use crate::seal::DataKey;
use crate::store::{StoreError, StoreErrorKind};
use crate::time::Timestamp;

/// The text of a key's value.
enum Text<'s> {
    Json(&'s [u8]),
    Sealed(Sealed<'s>),
}

/// An encrypted value.
struct Sealed<'s> {
    data_key: &'s DataKey,
    handle: Handle,
    text: &'s [u8],
}

impl Base {
    /// A value, as it is stored.
    fn text<'s>(&'s self, text: &'s [u8]) -> Text<'s> {
        match &self.data_key {
            None => Text::Json(text),
            Some(data_key) => Text::Sealed(Sealed {
                data_key,
                handle: self.record.handle,
                text,
            }),
        }
    }
}

impl<'s> Text<'s> {
    fn open(self, name: &str) -> Result<Cow<'s, [u8]>, SessionError> {
        match self {
            Self::Json(json) => Ok(Cow::Borrowed(json)),
            Self::Sealed(sealed) => Ok(Cow::Owned(sealed.open(name)?)),
        }
    }
}

impl Sealed<'_> {
    /// Decrypts the value of this key.
    fn open(&self, name: &str) -> Result<Vec<u8>, SessionError> {
        let opened = self.data_key.open(self.handle, name.as_bytes(), self.text);
        opened.ok_or_else(|| {
            let cause = "a value was changed in the store, or is of another key or session";
            StoreError::with_source(StoreErrorKind::Unreadable, cause).into()
        })
    }
}

impl Session {
    /// The value of a key: as this request wrote it, otherwise as it was loaded.
    ///
    /// # Errors
    ///
    /// If the stored value does not have the key's type, or cannot be decrypted.
    pub fn get<T: DeserializeOwned>(&self, key: &Key<T>) -> Result<Option<T>, SessionError> {
        Ok(match self.text(key.name()) {
            None => None,
            Some(Text::Json(json)) => Some(decode(key, json)?),
            Some(Text::Sealed(sealed)) => Some(decode(key, &sealed.open(key.name())?)?),
        })
    }

    /// The JSON text of a key: as this request wrote it, otherwise as it was loaded.
    pub(super) fn json(&self, name: &str) -> Result<Option<Cow<'_, [u8]>>, SessionError> {
        self.text(name).map(|text| text.open(name)).transpose()
    }

    #[inline]
    fn text(&self, name: &str) -> Option<Text<'_>> {
        match self.pending.changes.edit(name) {
            Edit::Insert(json) => Some(Text::Json(json)),
            Edit::Remove => None,
            Edit::Stored => {
                let base = self.base.as_ref()?;
                Some(base.text(base.record.data.get(name)?))
            }
        }
    }

    /// The keys whose names begin like this, with their JSON texts, as this request sees them. All
    /// of them, or an error: what is left out would look as if it had never been written.
    pub(super) fn entries_under(
        &self,
        prefix: &str,
    ) -> Result<BTreeMap<String, Vec<u8>>, SessionError> {
        let changes = &self.pending.changes;
        let mut texts = BTreeMap::new();
        if let Some(base) = &self.base {
            let stored = base.record.data.iter();
            for (name, stored) in stored.filter(|(name, _)| name.starts_with(prefix)) {
                if let Edit::Stored = changes.edit(&name) {
                    let json = base.text(stored).open(&name)?.into_owned();
                    texts.insert(name.into_owned(), json);
                }
            }
        }
        for (name, json) in changes.edits() {
            let name = String::from_utf8_lossy(name);
            if let Some(json) = json
                && name.starts_with(prefix)
            {
                texts.insert(name.into_owned(), json.to_vec());
            }
        }
        Ok(texts)
    }

    /// Every key with its JSON text, as this request sees them.
    ///
    /// # Errors
    ///
    /// If the data is encrypted, and one of the values cannot be decrypted.
    pub fn entries(&self) -> Result<BTreeMap<String, String>, SessionError> {
        let texts = self.entries_under("")?.into_iter();
        Ok(texts
            .map(|(name, json)| (name, String::from_utf8_lossy(&json).into_owned()))
            .collect())
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

//! What a handler can read from its session.

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
use crate::time::Timestamp;

impl Session {
    /// The value of a key: as this request wrote it, otherwise as it was loaded.
    ///
    /// # Errors
    ///
    /// If the stored value does not have the key's type.
    pub fn get<T: DeserializeOwned>(&self, key: &Key<T>) -> Result<Option<T>, SessionError> {
        let name = key.name();
        let json = match self.pending.changes.edit(name) {
            Edit::Insert(json) => Some(json),
            Edit::Remove => None,
            Edit::Stored => self.record().and_then(|record| record.data.get(name)),
        };
        Ok(json.map(|json| decode(key, json)).transpose()?)
    }

    /// Every key with its JSON text, as this request sees them.
    pub fn entries(&self) -> BTreeMap<String, String> {
        let stored = self.record().map(|record| record.data.clone());
        stored
            .unwrap_or_default()
            .apply(&self.pending.changes)
            .iter()
            .map(|(name, json)| {
                (
                    name.into_owned(),
                    String::from_utf8_lossy(json).into_owned(),
                )
            })
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

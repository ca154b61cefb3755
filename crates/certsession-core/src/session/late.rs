//! A session after the response head: a cookie can no longer reach the client.

use std::borrow::Borrow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Pending, Phase, Session, SessionError};
use crate::data::Key;

impl Session {
    /// Marks the response head as sent: from now on only changes that need no cookie are possible,
    /// with [`late_insert`](Self::late_insert) and the like.
    ///
    /// Changes that were not committed by then are dropped: the response reported them as failed,
    /// and no later commit may complete them without the client's knowledge.
    pub fn mark_head_sent(&mut self) {
        self.head_sent = true;
        self.pending = Pending::default();
        self.ending = None;
    }

    /// Writes a value into an existing session after the response head.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), and if there is no session.
    pub fn late_insert<T, Q>(&mut self, key: &Key<T>, value: &Q) -> Result<(), SessionError>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.late(|session| session.insert(key, value))
    }

    /// Removes a key after the response head.
    ///
    /// # Errors
    ///
    /// If there is no session.
    pub fn late_remove<T>(&mut self, key: &Key<T>) -> Result<(), SessionError> {
        self.late(|session| session.remove(key))
    }

    /// Ends the session after the response head. The client keeps a dead cookie.
    ///
    /// # Errors
    ///
    /// If there is no session.
    pub fn late_end(&mut self) -> Result<(), SessionError> {
        // An end that the store did not carry out is still to be done: the next commit tries it.
        if self.ending.is_some() && !self.in_flight {
            return Ok(());
        }
        self.late(Self::end)
    }

    /// As [`take_once`](Self::take_once), after the response head.
    ///
    /// # Errors
    ///
    /// As [`take_once`](Self::take_once), and if there is no session.
    pub fn late_take_once<T: DeserializeOwned>(
        &mut self,
        key: &Key<T>,
    ) -> Result<Option<T>, SessionError> {
        self.late(|session| session.take_once(key))
    }

    fn late<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        if self.phase == Phase::Ended {
            return Err(SessionError::Ended);
        }
        if self.base.is_none() {
            return Err(SessionError::NoSession);
        }
        let head_sent = std::mem::take(&mut self.head_sent);
        let result = change(self);
        self.head_sent = head_sent;
        result
    }
}

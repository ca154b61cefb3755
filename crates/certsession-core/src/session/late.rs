//! A session after the head of the response: no cookie can reach the client any more.

use std::borrow::Borrow;

use serde::Serialize;

use super::{Pending, Phase, Session, SessionError};
use crate::data::Key;

impl Session {
    /// Takes note that the head of the response is on its way: from now on only what needs no
    /// cookie can be changed, by [`late_insert`](Self::late_insert) and the like.
    ///
    /// What was not committed by then was answered as a failure, and is dropped: nothing that
    /// follows may complete it behind the client's back.
    pub fn mark_head_sent(&mut self) {
        self.head_sent = true;
        self.pending = Pending::default();
        self.ending = None;
    }

    /// Writes a value after the head of the response, into a session that exists.
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

    /// Removes a key after the head of the response.
    ///
    /// # Errors
    ///
    /// If there is no session.
    pub fn late_remove<T>(&mut self, key: &Key<T>) -> Result<(), SessionError> {
        self.late(|session| session.remove(key))
    }

    /// Ends the session after the head of the response. The client keeps a dead cookie.
    ///
    /// # Errors
    ///
    /// If there is no session.
    pub fn late_end(&mut self) -> Result<(), SessionError> {
        self.late(Self::end)
    }

    fn late(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<(), SessionError>,
    ) -> Result<(), SessionError> {
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

//! The session after the response head.

use std::borrow::Borrow;

use certsession_core::{Handle, Key, Principal};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::session::RequestSession;

/// The session after the response head is sent, for a streamed body or a WebSocket.
///
/// No cookie can reach the client any more, so there is no `sign_in` and no `rotate`, and
/// nothing is committed by itself: call [`commit`](Self::commit). (Changes that are made before the
/// head are committed with the handler's response.)
///
/// ```
/// # use certsession_core::Key;
/// # use certsession_http::{Error, RequestSession};
/// const POSITION: Key<u64> = Key::new("position");
///
/// async fn follow(session: RequestSession) -> Result<(), Error> {
///     let mut late = session.late();
///     late.insert(&POSITION, &42)?;
///     late.commit().await
/// }
/// ```
#[derive(Debug)]
#[must_use = "it does nothing by itself"]
pub struct LateSession {
    session: RequestSession,
}

impl RequestSession {
    /// The session for after the response head: for a streamed body, or a WebSocket.
    ///
    /// ```
    /// # use certsession_core::Key;
    /// # use certsession_http::{Error, RequestSession};
    /// const POSITION: Key<u64> = Key::new("position");
    ///
    /// async fn stream(session: RequestSession) -> Result<(), Error> {
    ///     let mut late = session.late();
    ///     // ... after some of the body
    ///     late.insert(&POSITION, &42)?;
    ///     late.commit().await
    /// }
    /// ```
    pub fn late(&self) -> LateSession {
        let session = self.clone();
        LateSession { session }
    }
}

impl LateSession {
    /// The value of a key, as it was loaded or last written here.
    ///
    /// # Errors
    ///
    /// If the stored value is not of the key's type.
    pub fn get<T: DeserializeOwned>(&self, key: &Key<T>) -> Result<Option<T>, Error> {
        self.session.get(key)
    }

    /// Sets a value, for the next [`commit`](Self::commit).
    ///
    /// # Errors
    ///
    /// If there is no session, it has ended or it would hold too much.
    pub fn insert<T, V>(&mut self, key: &Key<T>, value: &V) -> Result<(), Error>
    where
        T: Borrow<V>,
        V: Serialize + ?Sized,
    {
        self.session
            .change(|session| session.late_insert(key, value))
    }

    /// Removes a key, with the next [`commit`](Self::commit).
    ///
    /// # Errors
    ///
    /// If there is no session or it has ended.
    pub fn remove<T>(&mut self, key: &Key<T>) -> Result<(), Error> {
        self.session.change(|session| session.late_remove(key))
    }

    /// Takes a value that exactly one request gets. It commits at once, as
    /// [`RequestSession::take_once`] does.
    ///
    /// # Errors
    ///
    /// If the stored value is not of the key's type, there is no session, it has ended or the
    /// commit fails.
    pub async fn take_once<T: DeserializeOwned>(
        &mut self,
        key: &Key<T>,
    ) -> Result<Option<T>, Error> {
        let taken = self
            .session
            .conditionally(|session| session.late_take_once(key));
        taken.await
    }

    /// Commits the changes in one step.
    ///
    /// # Errors
    ///
    /// If it was not written. After a failure of the store the changes are kept.
    pub async fn commit(&mut self) -> Result<(), Error> {
        self.session.commit().await
    }

    /// Ends the session. The client keeps a cookie that opens nothing.
    ///
    /// # Errors
    ///
    /// If there is no session or the store fails; it may remain then.
    pub async fn end(&mut self) -> Result<(), Error> {
        self.session.change(certsession_core::Session::late_end)?;
        self.session.commit().await
    }

    /// The public name of the session.
    pub fn handle(&self) -> Option<Handle> {
        self.session.handle()
    }

    /// Who is signed in; `None` after the session has ended.
    pub fn principal(&self) -> Option<Principal> {
        self.session.principal()
    }
}

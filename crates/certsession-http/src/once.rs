//! Values that exactly one request gets: single-use values, flash messages, the tokens of forms.
//!
//! Each call that depends on what other requests do at the same time commits by itself, and says
//! what the store decided.

use std::borrow::Borrow;

use certsession_core::{CsrfToken, Flash, FlashLevel, Key, Nonce, OneTime, Session, SessionError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::session::RequestSession;

impl RequestSession {
    /// Takes a value that exactly one request gets, however many ask for it at the same time, on
    /// every store. `None` if there is none, or another request was faster.
    ///
    /// It commits at once, with what this request has changed so far: when it returns, the value is
    /// this request's alone. A value that was lost with the answer of a failing store is lost to
    /// everyone. On a route that may be served from a near cache, a value that another process wrote
    /// a moment ago can be missed: send it past the cache (`with_read_through`) where that matters.
    ///
    /// ```
    /// # use certsession_core::Key;
    /// # use certsession_http::{Error, RequestSession};
    /// const VOUCHER: Key<String> = Key::new("voucher");
    ///
    /// async fn redeem(session: RequestSession) -> Result<bool, Error> {
    ///     Ok(session.take_once(&VOUCHER).await?.is_some())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the stored value is not of the key's type, the session has ended, or the commit fails.
    pub async fn take_once<T: DeserializeOwned>(&self, key: &Key<T>) -> Result<Option<T>, Error> {
        self.conditionally(|session| session.take_once(key)).await
    }

    /// Writes a value if the key has none, and says whether this request did: of parallel requests
    /// one does. Begins a session if there is none.
    ///
    /// It commits at once, with what this request has changed so far, unless the session begins with
    /// this request.
    ///
    /// ```
    /// # use certsession_core::Key;
    /// # use certsession_http::{Error, RequestSession};
    /// async fn order(session: RequestSession, idempotency_key: &str) -> Result<u16, Error> {
    ///     // Of two requests with one idempotency key, one places the order.
    ///     let order: Key<bool> = Key::named(format!("order {idempotency_key}"));
    ///     let is_first = session.insert_if_absent(&order, &true).await?;
    ///     Ok(if is_first { 201 } else { 200 })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), and if the commit fails.
    pub async fn insert_if_absent<T, V>(&self, key: &Key<T>, value: &V) -> Result<bool, Error>
    where
        T: Borrow<V>,
        V: Serialize + ?Sized,
    {
        let written = self.conditionally(|session| {
            let is_written = session.insert_if_absent(key, value)?;
            Ok(is_written.then_some(()))
        });
        Ok(written.await?.is_some())
    }

    /// Issues a value that one later request of this session redeems, and returns the text that this
    /// request has to come with. Begins a session if there is none. See [`OneTime`].
    ///
    /// ```
    /// # use certsession_core::OneTime;
    /// # use certsession_http::{Error, RequestSession};
    /// # use std::time::Duration;
    /// const INVITATION: OneTime<u32> = OneTime::new("invitation", Duration::from_secs(600));
    ///
    /// fn invite(session: &RequestSession, group: u32) -> Result<String, Error> {
    ///     let nonce = session.issue(&INVITATION, &group)?;
    ///     Ok(format!("/join?invitation={}", nonce.as_str()))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), and if the random number generator fails.
    pub fn issue<T: Serialize>(&self, one_time: &OneTime<T>, value: &T) -> Result<Nonce, Error> {
        self.change(|session| session.issue(one_time, value))
    }

    /// Redeems the value that was issued with this text: exactly one request gets it, and none after
    /// its time. It commits at once, as [`take_once`](Self::take_once) does.
    ///
    /// ```
    /// # use certsession_core::OneTime;
    /// # use certsession_http::{Error, RequestSession};
    /// # use std::time::Duration;
    /// # const INVITATION: OneTime<u32> = OneTime::new("invitation", Duration::from_secs(600));
    /// async fn join(session: RequestSession, invitation: &str) -> Result<String, Error> {
    ///     Ok(match session.redeem(&INVITATION, invitation).await? {
    ///         Some(group) => format!("welcome to group {group}"),
    ///         None => "this invitation was used, or is too old".to_owned(),
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`take_once`](Self::take_once).
    pub async fn redeem<T: DeserializeOwned>(
        &self,
        one_time: &OneTime<T>,
        text: &str,
    ) -> Result<Option<T>, Error> {
        self.conditionally(|session| session.redeem(one_time, text))
            .await
    }

    /// Leaves a message for the page after this one. Begins a session if there is none. A sign-in
    /// drops the messages from before it: sign in first, then leave the message.
    ///
    /// ```
    /// # use certsession_core::FlashLevel;
    /// # use certsession_http::{Error, RequestSession};
    /// fn order(session: &RequestSession) -> Result<(), Error> {
    ///     session.flash(FlashLevel::Success, "the order was sent")
    ///     // ... and redirect to a page that shows it.
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), and if the random number generator fails.
    pub fn flash(&self, level: FlashLevel, text: impl Into<String>) -> Result<(), Error> {
        let flash = Flash::new(level, text);
        self.change(|session| session.flash(&flash))
    }

    /// Takes the messages for the page, oldest first: each is shown once. It commits at once if
    /// there are any, as [`take_once`](Self::take_once) does.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// async fn messages(session: RequestSession) -> Result<Vec<String>, Error> {
    ///     let flashes = session.take_flashes().await?;
    ///     Ok(flashes.iter().map(|flash| flash.text().to_owned()).collect())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the session has ended or the commit fails.
    pub async fn take_flashes(&self) -> Result<Vec<Flash>, Error> {
        let taken = self.conditionally(|session| {
            let flashes = session.take_flashes()?;
            Ok((!flashes.is_empty()).then_some(flashes))
        });
        Ok(taken.await?.unwrap_or_default())
    }

    /// The token for the forms of a page; `None` if there is no session, for a page never begins one
    /// for it. The first token of a session commits at once.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// async fn form(session: RequestSession) -> Result<String, Error> {
    ///     let token = session.csrf_token().await?.map_or(String::new(), |token| token.to_string());
    ///     Ok(format!(r#"<input type="hidden" name="csrf" value="{token}">"#))
    /// }
    ///
    /// fn submit(session: &RequestSession, csrf: &str) -> Result<(), Error> {
    ///     session.check_csrf(csrf)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the session has ended, the random number generator fails or the commit fails.
    pub async fn csrf_token(&self) -> Result<Option<CsrfToken>, Error> {
        self.conditionally(Session::csrf_token).await
    }

    /// Checks the token that came with a form; compares in constant time.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn submit(session: &RequestSession, csrf: &str) -> Result<(), Error> {
    ///     session.check_csrf(csrf)?;
    ///     // ... what the form asks for
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::CsrfToken`], a 403, unless it is a token of this session's forms. If the session's
    /// secret cannot be read, it is the error that says so.
    pub fn check_csrf(&self, token: &str) -> Result<(), Error> {
        match self.lock().is_csrf_token(token)? {
            true => Ok(()),
            false => Err(Error::CsrfToken),
        }
    }

    /// Makes a change that may depend on what the store holds, and commits it then. Where another
    /// request was faster, the change decides again: each turn is lost only to another's success.
    pub(crate) async fn conditionally<T>(
        &self,
        mut change: impl FnMut(&mut Session) -> Result<Option<T>, SessionError>,
    ) -> Result<Option<T>, Error> {
        loop {
            let (value, pending) = {
                let mut session = self.lock();
                let value = change(&mut session)?;
                // In the same step: no other commit of this request may carry the condition. It is
                // there without a value too, where one is removed that is no longer good.
                let pending = match session.is_conditional() {
                    true => self.begin_commit(&mut session),
                    false => None,
                };
                (value, pending)
            };
            let Some(pending) = pending else {
                return Ok(value);
            };
            match self.execute_detached(pending).await {
                Ok(()) => return Ok(value),
                Err(Error::Session(SessionError::ValueChanged)) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

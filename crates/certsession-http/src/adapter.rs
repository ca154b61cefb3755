//! The session of a request as an adapter's own types, so that a framework's traits can be
//! implemented for them and their errors turn into its responses.

/// Defines the methods of [`RequestSession`](crate::RequestSession) and
/// [`LateSession`](crate::LateSession) on the types of an adapter, with the adapter's error.
///
/// The session types are tuple structs that hold ours, and the error implements
/// `From<certsession_http::Error>`. Each method does what ours of the same name does.
///
/// ```
/// # use certsession_core as core;
/// #[derive(Clone, Debug)]
/// pub struct CertSession(certsession_http::RequestSession);
///
/// #[derive(Debug)]
/// pub struct LateSession(certsession_http::LateSession);
///
/// #[derive(Debug)]
/// pub struct Error(certsession_http::Error);
///
/// impl<E: Into<certsession_http::Error>> From<E> for Error {
///     fn from(error: E) -> Self {
///         Self(error.into())
///     }
/// }
///
/// certsession_http::session_methods!(CertSession, LateSession, Error);
///
/// const VISITS: core::Key<u64> = core::Key::new("visits");
///
/// async fn visit(session: CertSession) -> Result<u64, Error> {
///     let visits = session.get(&VISITS)?.unwrap_or(0) + 1;
///     session.insert(&VISITS, &visits)?;
///     Ok(visits)
/// }
/// ```
#[macro_export]
macro_rules! session_methods {
    ($session:ident, $late:ident, $error:ident) => {
        impl $session {
            /// The value of a key: what this request wrote, or else what was loaded. See
            /// [`RequestSession::get`]($crate::RequestSession::get).
            pub fn get<T: $crate::export::DeserializeOwned>(
                &self,
                key: &$crate::export::Key<T>,
            ) -> Result<Option<T>, $error> {
                Ok(self.0.get(key)?)
            }

            /// Writes a value under a key. Begins a session if there is none. See
            /// [`RequestSession::insert`]($crate::RequestSession::insert).
            pub fn insert<T, V>(
                &self,
                key: &$crate::export::Key<T>,
                value: &V,
            ) -> Result<(), $error>
            where
                T: ::std::borrow::Borrow<V>,
                V: $crate::export::Serialize + ?Sized,
            {
                Ok(self.0.insert(key, value)?)
            }

            /// Removes a key. See [`RequestSession::remove`]($crate::RequestSession::remove).
            pub fn remove<T>(&self, key: &$crate::export::Key<T>) -> Result<(), $error> {
                Ok(self.0.remove(key)?)
            }

            /// Removes a key and returns its value, as this request sees it. See
            /// [`RequestSession::take`]($crate::RequestSession::take).
            pub fn take<T: $crate::export::DeserializeOwned>(
                &self,
                key: &$crate::export::Key<T>,
            ) -> Result<Option<T>, $error> {
                Ok(self.0.take(key)?)
            }

            /// Removes every key. See [`RequestSession::clear`]($crate::RequestSession::clear).
            pub fn clear(&self) -> Result<(), $error> {
                Ok(self.0.clear()?)
            }

            /// Signs a principal in, under a new token. See
            /// [`RequestSession::sign_in`]($crate::RequestSession::sign_in).
            pub fn sign_in(
                &self,
                sign_in: impl Into<$crate::export::SignIn>,
            ) -> Result<(), $error> {
                Ok(self.0.sign_in(sign_in)?)
            }

            /// Ends the session; what the same request writes afterwards begins a new one. See
            /// [`RequestSession::sign_out`]($crate::RequestSession::sign_out).
            pub fn sign_out(&self) -> Result<(), $error> {
                Ok(self.0.sign_out()?)
            }

            /// Gives the session a new token, for an elevation of privileges. See
            /// [`RequestSession::rotate`]($crate::RequestSession::rotate).
            pub fn rotate(&self) -> Result<(), $error> {
                Ok(self.0.rotate()?)
            }

            /// Ends the session for good. See [`RequestSession::end`]($crate::RequestSession::end).
            pub fn end(&self) -> Result<(), $error> {
                Ok(self.0.end()?)
            }

            /// The public name of the session; `None` if there is none yet.
            pub fn handle(&self) -> Option<$crate::export::Handle> {
                self.0.handle()
            }

            /// Who is signed in, by this request or before it.
            pub fn principal(&self) -> Option<$crate::export::Principal> {
                self.0.principal()
            }

            /// Who is signed in; the error is a 401.
            pub fn signed_in(&self) -> Result<$crate::export::Principal, $error> {
                Ok(self.0.signed_in()?)
            }

            /// The time, as the rules see it.
            pub fn now(&self) -> $crate::export::Timestamp {
                self.0.now()
            }

            /// The certificate of this connection's peer.
            pub fn peer(&self) -> Option<::std::sync::Arc<$crate::export::PeerCertificate>> {
                self.0.peer()
            }

            /// The record as it was loaded, or as the last commit left it. See
            /// [`RequestSession::record`]($crate::RequestSession::record).
            pub fn record(&self) -> Option<::std::sync::Arc<$crate::export::Record>> {
                self.0.record()
            }

            /// Every key with its JSON text, as this request sees them.
            pub fn entries(&self) -> ::std::collections::BTreeMap<String, String> {
                self.0.entries()
            }

            /// Commits the changes so far, before the handler returns. See
            /// [`RequestSession::commit`]($crate::RequestSession::commit).
            pub async fn commit(&self) -> Result<(), $error> {
                Ok(self.0.commit().await?)
            }

            /// The session for after the response head: for a streamed body, or a WebSocket.
            pub fn late(&self) -> $late {
                $late(self.0.late())
            }

            /// Resolves when the session has ended. See
            /// [`RequestSession::ended`]($crate::RequestSession::ended).
            pub fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
                self.0.ended()
            }

            /// A page of the active sessions of the principal who is signed in, oldest first. See
            /// [`RequestSession::sessions`]($crate::RequestSession::sessions).
            pub async fn sessions(
                &self,
                page: &$crate::export::Page,
            ) -> Result<$crate::export::SessionPage, $error> {
                Ok(self.0.sessions(page).await?)
            }

            /// Ends one session of the principal who is signed in. See
            /// [`RequestSession::revoke`]($crate::RequestSession::revoke).
            pub async fn revoke(&self, handle: $crate::export::Handle) -> Result<bool, $error> {
                Ok(self.0.revoke(handle).await?)
            }

            /// Ends every session of the principal who is signed in, this one too. See
            /// [`RequestSession::revoke_all`]($crate::RequestSession::revoke_all).
            pub async fn revoke_all(&self) -> Result<usize, $error> {
                Ok(self.0.revoke_all().await?)
            }

            /// The session without the adapter's type around it, for code that knows no framework.
            pub fn into_inner(self) -> $crate::RequestSession {
                self.0
            }
        }

        impl $late {
            /// The value of a key, as it was loaded or last written here.
            pub fn get<T: $crate::export::DeserializeOwned>(
                &self,
                key: &$crate::export::Key<T>,
            ) -> Result<Option<T>, $error> {
                Ok(self.0.get(key)?)
            }

            /// Sets a value, for the next [`commit`](Self::commit). See
            /// [`LateSession::insert`]($crate::LateSession::insert).
            pub fn insert<T, V>(
                &mut self,
                key: &$crate::export::Key<T>,
                value: &V,
            ) -> Result<(), $error>
            where
                T: ::std::borrow::Borrow<V>,
                V: $crate::export::Serialize + ?Sized,
            {
                Ok(self.0.insert(key, value)?)
            }

            /// Removes a key, with the next [`commit`](Self::commit).
            pub fn remove<T>(&mut self, key: &$crate::export::Key<T>) -> Result<(), $error> {
                Ok(self.0.remove(key)?)
            }

            /// Commits the changes in one step. See
            /// [`LateSession::commit`]($crate::LateSession::commit).
            pub async fn commit(&mut self) -> Result<(), $error> {
                Ok(self.0.commit().await?)
            }

            /// Ends the session. See [`LateSession::end`]($crate::LateSession::end).
            pub async fn end(&mut self) -> Result<(), $error> {
                Ok(self.0.end().await?)
            }

            /// The public name of the session.
            pub fn handle(&self) -> Option<$crate::export::Handle> {
                self.0.handle()
            }

            /// Who is signed in; `None` after the session has ended.
            pub fn principal(&self) -> Option<$crate::export::Principal> {
                self.0.principal()
            }
        }
    };
}

/// What the code of [`session_methods!`] names.
#[doc(hidden)]
pub mod export {
    pub use certsession_core::{
        Handle, Key, Page, PeerCertificate, Principal, Record, SessionPage, SignIn, Timestamp,
    };
    pub use serde::Serialize;
    pub use serde::de::DeserializeOwned;
}

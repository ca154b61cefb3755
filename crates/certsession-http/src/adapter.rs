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

            /// The state of one concern of the application. See
            /// [`RequestSession::state`]($crate::RequestSession::state).
            pub fn state<S: $crate::export::SessionState>(&self) -> Result<Option<S>, $error> {
                Ok(self.0.state()?)
            }

            /// Writes the state of one concern. See
            /// [`RequestSession::set_state`]($crate::RequestSession::set_state).
            pub fn set_state<S: $crate::export::SessionState>(
                &self,
                state: &S,
            ) -> Result<(), $error> {
                Ok(self.0.set_state(state)?)
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

            /// Takes a value that exactly one request gets, and commits at once. See
            /// [`RequestSession::take_once`]($crate::RequestSession::take_once).
            pub async fn take_once<T: $crate::export::DeserializeOwned>(
                &self,
                key: &$crate::export::Key<T>,
            ) -> Result<Option<T>, $error> {
                Ok(self.0.take_once(key).await?)
            }

            /// Writes a value if the key has none, and says whether this request did. See
            /// [`RequestSession::insert_if_absent`]($crate::RequestSession::insert_if_absent).
            pub async fn insert_if_absent<T, V>(
                &self,
                key: &$crate::export::Key<T>,
                value: &V,
            ) -> Result<bool, $error>
            where
                T: ::std::borrow::Borrow<V>,
                V: $crate::export::Serialize + ?Sized,
            {
                Ok(self.0.insert_if_absent(key, value).await?)
            }

            /// Issues a value that one later request redeems, and returns the text that it has to
            /// come with. See [`RequestSession::issue`]($crate::RequestSession::issue).
            pub fn issue<T: $crate::export::Serialize>(
                &self,
                one_time: &$crate::export::OneTime<T>,
                value: &T,
            ) -> Result<$crate::export::Nonce, $error> {
                Ok(self.0.issue(one_time, value)?)
            }

            /// Redeems the value that was issued with this text, once. See
            /// [`RequestSession::redeem`]($crate::RequestSession::redeem).
            pub async fn redeem<T: $crate::export::DeserializeOwned>(
                &self,
                one_time: &$crate::export::OneTime<T>,
                text: &str,
            ) -> Result<Option<T>, $error> {
                Ok(self.0.redeem(one_time, text).await?)
            }

            /// Leaves a message for the page after this one. See
            /// [`RequestSession::flash`]($crate::RequestSession::flash).
            pub fn flash(
                &self,
                level: $crate::export::FlashLevel,
                text: impl Into<String>,
            ) -> Result<(), $error> {
                Ok(self.0.flash(level, text)?)
            }

            /// Takes the messages for the page, oldest first. See
            /// [`RequestSession::take_flashes`]($crate::RequestSession::take_flashes).
            pub async fn take_flashes(&self) -> Result<Vec<$crate::export::Flash>, $error> {
                Ok(self.0.take_flashes().await?)
            }

            /// The token for the forms of a page. See
            /// [`RequestSession::csrf_token`]($crate::RequestSession::csrf_token).
            pub async fn csrf_token(&self) -> Result<Option<$crate::export::CsrfToken>, $error> {
                Ok(self.0.csrf_token().await?)
            }

            /// Checks the token that came with a form; the error is a 403.
            pub fn check_csrf(&self, token: &str) -> Result<(), $error> {
                Ok(self.0.check_csrf(token)?)
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

            /// Drops every change of this request that is not committed yet. See
            /// [`RequestSession::discard`]($crate::RequestSession::discard).
            pub fn discard(&self) {
                self.0.discard();
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

            /// Checks that an access token is bound to the peer's certificate; the error is a 401. See
            /// [`RequestSession::check_confirmation`]($crate::RequestSession::check_confirmation).
            pub fn check_confirmation(
                &self,
                confirmation: &$crate::Confirmation,
            ) -> Result<(), $error> {
                Ok(self.0.check_confirmation(confirmation)?)
            }

            /// The record as it was loaded, or as the last commit left it. See
            /// [`RequestSession::record`]($crate::RequestSession::record).
            pub fn record(&self) -> Option<::std::sync::Arc<$crate::export::Record>> {
                self.0.record()
            }

            /// Every key with its JSON text, as this request sees them; an error (503) if one
            /// cannot be decrypted.
            pub fn entries(&self) -> Result<::std::collections::BTreeMap<String, String>, $error> {
                Ok(self.0.entries()?)
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

            /// Ends every other session of the principal who is signed in. See
            /// [`RequestSession::revoke_others`]($crate::RequestSession::revoke_others).
            pub async fn revoke_others(&self) -> Result<usize, $error> {
                Ok(self.0.revoke_others().await?)
            }

            /// Records that the principal authenticated again, with a new token. See
            /// [`RequestSession::elevate`]($crate::RequestSession::elevate).
            pub fn elevate(
                &self,
                method: $crate::export::AuthMethod,
                lasts: ::std::time::Duration,
            ) -> Result<(), $error> {
                Ok(self.0.elevate(method, lasts)?)
            }

            /// Ends the elevation, with a new token.
            pub fn drop_elevation(&self) -> Result<(), $error> {
                Ok(self.0.drop_elevation()?)
            }

            /// Replaces the roles of the principal who is signed in, with a new token.
            pub fn set_roles(&self, roles: &[$crate::export::Role]) -> Result<(), $error> {
                Ok(self.0.set_roles(roles)?)
            }

            /// Describes the device, for a list of the user's sessions. See
            /// [`RequestSession::describe`]($crate::RequestSession::describe).
            pub fn describe(&self, device: &$crate::export::Device) -> Result<(), $error> {
                Ok(self.0.describe(device)?)
            }

            /// When the principal last authenticated: at the sign-in, or for an elevation after it.
            pub fn authenticated_at(&self) -> Option<$crate::export::Timestamp> {
                self.0.authenticated_at()
            }

            /// The elevation that is in force.
            pub fn elevation(&self) -> Option<$crate::export::Elevation> {
                self.0.elevation()
            }

            /// How the principal authenticated at the sign-in.
            pub fn methods(&self) -> Vec<$crate::export::AuthMethod> {
                self.0.methods()
            }

            /// What the principal may do.
            pub fn roles(&self) -> Vec<$crate::export::Role> {
                self.0.roles()
            }

            /// Whether the principal has this role.
            pub fn has_role(&self, role: &str) -> bool {
                self.0.has_role(role)
            }

            /// Who really acts in the principal's name, if it is someone else.
            pub fn actor(&self) -> Option<$crate::export::Principal> {
                self.0.actor()
            }

            /// The principal, if it has this role; the error is a 401 or a 403.
            pub fn require_role(&self, role: &str) -> Result<$crate::export::Principal, $error> {
                Ok(self.0.require_role(role)?)
            }

            /// The principal, if it authenticated no longer ago than this; the error is a 401.
            pub fn require_recent(
                &self,
                max_age: ::std::time::Duration,
            ) -> Result<$crate::export::Principal, $error> {
                Ok(self.0.require_recent(max_age)?)
            }

            /// The principal and the elevation that is in force; the error is a 401.
            pub fn require_elevation(
                &self,
            ) -> Result<($crate::export::Principal, $crate::export::Elevation), $error> {
                Ok(self.0.require_elevation()?)
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

            /// Takes a value that exactly one request gets, and commits at once. See
            /// [`LateSession::take_once`]($crate::LateSession::take_once).
            pub async fn take_once<T: $crate::export::DeserializeOwned>(
                &mut self,
                key: &$crate::export::Key<T>,
            ) -> Result<Option<T>, $error> {
                Ok(self.0.take_once(key).await?)
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
        AuthMethod, CsrfToken, Device, Elevation, Flash, FlashLevel, Handle, Key, Nonce, OneTime,
        Page, PeerCertificate, Principal, Record, Role, SessionPage, SessionState, SignIn,
        Timestamp,
    };
    pub use serde::Serialize;
    pub use serde::de::DeserializeOwned;
}

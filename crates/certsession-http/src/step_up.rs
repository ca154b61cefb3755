//! Who is signed in, how strongly and since when; what needs more than a sign-in.

use std::time::Duration;

use certsession_core::{AuthMethod, Device, Elevation, Principal, Role, Timestamp};

use crate::error::Error;
use crate::session::RequestSession;
use crate::sign_in_page::Navigation;

/// The name of a role as a type, for the extractors of the adapters.
///
/// ```
/// use certsession_http::RoleName;
///
/// struct Admin;
///
/// impl RoleName for Admin {
///     const ROLE: &'static str = "admin";
/// }
/// ```
pub trait RoleName {
    /// The role.
    const ROLE: &'static str;
}

/// The name of a session's cookie as a type, where a request has several sessions: the name that
/// `with_cookie_name` got.
///
/// ```
/// use certsession_http::SessionName;
///
/// struct Shop;
///
/// impl SessionName for Shop {
///     const NAME: &'static str = "shop";
/// }
/// ```
pub trait SessionName {
    /// The cookie's name without its prefix. The default cookie's is `session`.
    const NAME: &'static str;
}

impl RequestSession {
    /// Records that the principal authenticated again, with a new token: for `lasts` from now, what
    /// needs an elevation is allowed (OWASP ASVS 5.0 section 7.5). Check first who authenticated: it
    /// has to be the principal who is signed in.
    ///
    /// ```
    /// # use certsession_core::AuthMethod;
    /// # use certsession_http::{Error, RequestSession};
    /// # use std::time::Duration;
    /// fn confirmed_by_code(session: &RequestSession) -> Result<(), Error> {
    ///     session.elevate(AuthMethod::ONE_TIME_PASSWORD, Duration::from_secs(5 * 60))
    /// }
    ///
    /// fn delete_account(session: &RequestSession) -> Result<(), Error> {
    ///     session.require_elevation()?;
    ///     // ...
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotSignedIn`] if no principal is signed in; or if the session has ended.
    pub fn elevate(&self, method: AuthMethod, lasts: Duration) -> Result<(), Error> {
        self.change(|session| session.elevate(method, lasts))
    }

    /// Ends the elevation, with a new token. Without one, nothing happens.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn leave_settings(session: &RequestSession) -> Result<(), Error> {
    ///     session.drop_elevation()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the session has ended.
    pub fn drop_elevation(&self) -> Result<(), Error> {
        self.change(certsession_core::Session::drop_elevation)
    }

    /// Replaces the roles of the principal who is signed in, with a new token.
    ///
    /// ```
    /// # use certsession_core::Role;
    /// # use certsession_http::{Error, RequestSession};
    /// fn become_editor(session: &RequestSession) -> Result<(), Error> {
    ///     let mut roles = session.roles();
    ///     roles.push(Role::new("editor")?);
    ///     session.set_roles(&roles)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotSignedIn`] if no principal is signed in; if there are more than 32, or if the
    /// session has ended.
    pub fn set_roles(&self, roles: &[Role]) -> Result<(), Error> {
        self.change(|session| session.set_roles(roles))
    }

    /// Describes the device, for a list of the user's sessions. What the description leaves out
    /// stays. Begins no session.
    ///
    /// ```
    /// # use certsession_core::Device;
    /// # use certsession_http::{Error, RequestSession};
    /// fn rename(session: &RequestSession, label: &str) -> Result<(), Error> {
    ///     session.describe(&Device::new().with_label(label))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the session has ended.
    pub fn describe(&self, device: &Device) -> Result<(), Error> {
        self.change(|session| session.describe(device))
    }

    /// When the principal last authenticated: at the sign-in, or for an elevation after it.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn since(session: &RequestSession) -> Option<String> {
    ///     Some(format!("signed in at {}", session.authenticated_at()?))
    /// }
    /// ```
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.lock().authenticated_at()
    }

    /// The elevation that is in force.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn banner(session: &RequestSession) -> Option<String> {
    ///     Some(format!("administration until {}", session.elevation()?.until()))
    /// }
    /// ```
    pub fn elevation(&self) -> Option<Elevation> {
        self.lock().elevation().cloned()
    }

    /// How the principal authenticated at the sign-in.
    ///
    /// ```
    /// # use certsession_core::AuthMethod;
    /// # use certsession_http::RequestSession;
    /// fn used_a_password(session: &RequestSession) -> bool {
    ///     session.methods().contains(&AuthMethod::PASSWORD)
    /// }
    /// ```
    pub fn methods(&self) -> Vec<AuthMethod> {
        self.lock().methods().to_vec()
    }

    /// What the principal may do.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn roles(session: &RequestSession) -> Vec<String> {
    ///     session.roles().iter().map(|role| role.as_str().to_owned()).collect()
    /// }
    /// ```
    pub fn roles(&self) -> Vec<Role> {
        self.lock().roles().to_vec()
    }

    /// Whether the principal has this role.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn shows_the_menu(session: &RequestSession) -> bool {
    ///     session.has_role("admin")
    /// }
    /// ```
    pub fn has_role(&self, role: &str) -> bool {
        self.lock().has_role(role)
    }

    /// Who really acts in the principal's name, if it is someone else.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn banner(session: &RequestSession) -> Option<String> {
    ///     Some(format!("{} sees what {} sees", session.actor()?, session.principal()?))
    /// }
    /// ```
    pub fn actor(&self) -> Option<Principal> {
        self.lock().actor().cloned()
    }

    /// The principal, if it has this role.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn users(session: &RequestSession) -> Result<String, Error> {
    ///     let admin = session.require_role("admin")?;
    ///     Ok(format!("{admin} may see all users"))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`signed_in`](Self::signed_in); [`Error::RoleMissing`], a 403, without the role.
    pub fn require_role(&self, role: &str) -> Result<Principal, Error> {
        let principal = self.signed_in()?;
        match self.has_role(role) {
            true => Ok(principal),
            false => Err(Error::RoleMissing),
        }
    }

    /// The principal, if it authenticated no longer ago than this.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// # use std::time::Duration;
    /// fn change_password(session: &RequestSession) -> Result<(), Error> {
    ///     session.require_recent(Duration::from_secs(600))?;
    ///     // ...
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`signed_in`](Self::signed_in); [`Error::ReauthenticationRequired`], a 401, if it was
    /// longer ago.
    pub fn require_recent(&self, max_age: Duration) -> Result<Principal, Error> {
        let principal = self.signed_in()?;
        match self.authenticated_at() {
            Some(at) if self.now() <= at + max_age => Ok(principal),
            _ => Err(Error::ReauthenticationRequired),
        }
    }

    /// The principal and the elevation that is in force.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn delete_account(session: &RequestSession) -> Result<String, Error> {
    ///     let (principal, elevation) = session.require_elevation()?;
    ///     Ok(format!("{principal} has confirmed by {}", elevation.method()))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`signed_in`](Self::signed_in); [`Error::ReauthenticationRequired`], a 401, without an
    /// elevation.
    pub fn require_elevation(&self) -> Result<(Principal, Elevation), Error> {
        let principal = self.signed_in()?;
        match self.elevation() {
            Some(elevation) => Ok((principal, elevation)),
            None => Err(Error::ReauthenticationRequired),
        }
    }

    /// Whether the driver has a sign-in page.
    pub fn has_sign_in_page(&self) -> bool {
        self.sign_in_page().is_some()
    }

    /// What an extractor answers in place of this error: where the driver has a sign-in page, a
    /// redirect there for a user who opens a page.
    pub fn explain(&self, error: Error, request: &Navigation<'_>) -> Error {
        match self.sign_in_page() {
            Some(page) => page.explain(error, request),
            None => error,
        }
    }
}

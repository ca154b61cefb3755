//! Who is signed in, how strongly and since when, and on which device.

use std::time::Duration;

use super::{Session, SessionError};
use crate::details::{Device, Elevation, MOST_NAMES, SignInDetails};
use crate::names::{AuthMethod, Role};
use crate::principal::Principal;
use crate::time::Timestamp;

impl Session {
    /// Records that the principal authenticated again, and gives the session a new token; the token
    /// before it is invalid in the same step. For `lasts` from now, what needs an elevation is
    /// allowed.
    ///
    /// Check first who authenticated: it has to be the principal who is signed in.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotSignedIn`] if no principal is signed in; or if the session is over.
    pub fn elevate(&mut self, method: AuthMethod, lasts: Duration) -> Result<(), SessionError> {
        let elevation = Elevation::new(method, self.now(), lasts);
        self.set_elevation(Some(elevation))
    }

    /// Ends the elevation, with a new token. Without one, nothing happens.
    ///
    /// # Errors
    ///
    /// If the session is over.
    pub fn drop_elevation(&mut self) -> Result<(), SessionError> {
        match self.elevation() {
            Some(_) => self.set_elevation(None),
            None => self.changeable().map(drop),
        }
    }

    /// Replaces the roles of the principal who is signed in, with a new token.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotSignedIn`] if no principal is signed in; if there are more than 32, or if
    /// the session is over.
    pub fn set_roles(&mut self, roles: &[Role]) -> Result<(), SessionError> {
        if roles.len() > MOST_NAMES {
            return Err(SessionError::TooManyNames { max: MOST_NAMES });
        }
        self.require_principal()?;
        let pending = self.writable()?;
        pending.rotate = true;
        pending.details.get_or_insert_default().roles = Some(roles.into());
        Ok(())
    }

    /// Describes the device, for a list of sessions. What the description leaves out stays. Begins
    /// no session; without one, nothing happens.
    ///
    /// # Errors
    ///
    /// If the session is over.
    pub fn describe(&mut self, device: &Device) -> Result<(), SessionError> {
        if let Some(pending) = self.changeable()? {
            pending.details.get_or_insert_default().describe(device);
        }
        Ok(())
    }

    /// As [`describe`](Self::describe), but only if this request begins the session or signs a
    /// principal in: for an adapter, which knows the device of every request. What the application
    /// says of the device comes first.
    pub fn describe_if_new(&mut self, device: &Device) {
        if self.in_flight || !self.pending.begins_session() {
            return;
        }
        if self.base.is_some() && self.pending.sign_in.is_none() {
            return;
        }
        let details = self.pending.details.get_or_insert_default();
        let said = details.device.replace(device.clone());
        if let Some(said) = said {
            details.describe(&said);
        }
    }

    /// When the principal last authenticated: at the sign-in, or for an elevation after it. `None`
    /// if no principal is signed in.
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        let is_now =
            self.pending.sign_in.is_some() || matches!(self.pending_elevation(), Some(Some(_)));
        match is_now {
            true => Some(self.now()),
            false => self.record()?.authenticated_at(),
        }
    }

    /// The elevation that is in force.
    pub fn elevation(&self) -> Option<&Elevation> {
        let now = self.now();
        match self.pending_elevation() {
            Some(elevation) => elevation.filter(|it| now < it.until),
            None if self.pending.sign_in.is_some() => None,
            None => self.record()?.elevation(now),
        }
    }

    /// How the principal authenticated at the sign-in.
    pub fn methods(&self) -> &[AuthMethod] {
        match self.pending_sign_in() {
            Some(sign_in) => sign_in.map_or(&[], |it| &it.methods),
            None => self.record().map_or(&[], |record| record.methods()),
        }
    }

    /// What the principal may do. Empty if no principal is signed in.
    pub fn roles(&self) -> &[Role] {
        let details = self.pending.details.as_ref();
        let set = details.and_then(|it| it.roles.as_deref());
        match (set, self.pending_sign_in()) {
            (Some(roles), _) => roles,
            (None, Some(sign_in)) => sign_in.map_or(&[], |it| &it.roles),
            (None, None) => self.record().map_or(&[], |record| record.roles()),
        }
    }

    /// Whether the principal has this role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles().iter().any(|it| it.as_str() == role)
    }

    /// Who really acts in the principal's name, if it is someone else.
    pub fn actor(&self) -> Option<&Principal> {
        match self.pending_sign_in() {
            Some(sign_in) => sign_in?.actor.as_ref(),
            None => self.record()?.actor(),
        }
    }

    fn set_elevation(&mut self, elevation: Option<Elevation>) -> Result<(), SessionError> {
        self.require_principal()?;
        let pending = self.writable()?;
        pending.rotate = true;
        pending.details.get_or_insert_default().elevation = Some(elevation);
        Ok(())
    }

    /// A request whose session is over, or whose token was replaced, gets that error.
    fn require_principal(&mut self) -> Result<(), SessionError> {
        self.changeable()?;
        match self.principal() {
            Some(_) => Ok(()),
            None => Err(SessionError::NotSignedIn),
        }
    }

    /// What a sign-in of this request says beyond the principal; `None` without one.
    fn pending_sign_in(&self) -> Option<Option<&SignInDetails>> {
        self.pending.sign_in.as_ref()?;
        let details = self.pending.details.as_ref();
        Some(details.and_then(|it| it.sign_in.as_ref()))
    }

    /// What this request makes of the elevation: `None` if nothing.
    fn pending_elevation(&self) -> Option<Option<&Elevation>> {
        let details = self.pending.details.as_ref()?;
        details.elevation.as_ref().map(Option::as_ref)
    }
}

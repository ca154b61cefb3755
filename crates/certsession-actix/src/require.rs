//! What needs more than a sign-in: a recent one, an elevation, a role.

use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use certsession_core::{Elevation, Principal};
use certsession_http::RoleName;

use crate::error::Error;
use crate::extract::require;

/// The principal, if it authenticated within the last `MAX_AGE` seconds: at its sign-in, or for an
/// [elevation](certsession_http::RequestSession::elevate). Otherwise 401, or a redirect to the
/// sign-in page for a user who opens a page.
///
/// ```
/// use certsession_actix::RecentlyAuthenticated;
///
/// async fn change_password(RecentlyAuthenticated(name): RecentlyAuthenticated<300>) -> String {
///     format!("{name} has signed in within five minutes")
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RecentlyAuthenticated<const MAX_AGE: u64>(pub Principal);

/// The principal, if an [elevation](certsession_http::RequestSession::elevate) is in force.
/// Otherwise 401, or a redirect to the sign-in page for a user who opens a page.
///
/// ```
/// use certsession_actix::Elevated;
///
/// async fn delete_account(elevated: Elevated) -> String {
///     format!("{}, by {}", elevated.principal(), elevated.elevation().method())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Elevated {
    principal: Principal,
    elevation: Elevation,
}

/// The principal, if it has this role. Otherwise 403; 401 (or the redirect) where no one is signed
/// in.
///
/// ```
/// use certsession_actix::{HasRole, RoleName};
///
/// struct Admin;
///
/// impl RoleName for Admin {
///     const ROLE: &'static str = "admin";
/// }
///
/// async fn users(admin: HasRole<Admin>) -> String {
///     format!("{} may see this", admin.principal())
/// }
/// ```
pub struct HasRole<R> {
    principal: Principal,
    role: PhantomData<fn() -> R>,
}

impl Elevated {
    /// Who is signed in.
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// How and when the principal authenticated for it.
    pub const fn elevation(&self) -> &Elevation {
        &self.elevation
    }
}

impl<R> HasRole<R> {
    /// Who is signed in.
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }
}

impl<R: RoleName> fmt::Debug for HasRole<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HasRole({}, {:?})", R::ROLE, self.principal)
    }
}

impl<const MAX_AGE: u64> FromRequest for RecentlyAuthenticated<MAX_AGE> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(require(request, |session| {
            session
                .require_recent(Duration::from_secs(MAX_AGE))
                .map(Self)
        }))
    }
}

impl FromRequest for Elevated {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(require(request, |session| {
            session
                .require_elevation()
                .map(|(principal, elevation)| Self {
                    principal,
                    elevation,
                })
        }))
    }
}

impl<R: RoleName> FromRequest for HasRole<R> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(require(request, |session| {
            session.require_role(R::ROLE).map(|principal| Self {
                principal,
                role: PhantomData,
            })
        }))
    }
}

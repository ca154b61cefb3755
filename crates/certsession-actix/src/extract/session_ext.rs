//! The session of whatever stands for a request.

use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::guard::GuardContext;
use actix_web::{HttpMessage, HttpRequest};

use super::session::CertSession;
use crate::error::{Error, SetUpFault};

/// The session of a request, for middleware and guards.
///
/// ```
/// use actix_web::{guard, web};
/// use certsession_actix::SessionExt;
///
/// let signed_in = guard::fn_guard(|context| {
///     context.cert_session().is_ok_and(|session| session.principal().is_some())
/// });
/// let scope = web::scope("/account").guard(signed_in);
/// # let _: actix_web::Scope = scope;
/// ```
pub trait SessionExt {
    /// The session of this request.
    ///
    /// # Errors
    ///
    /// [`SetUpFault::MiddlewareMissing`] where no middleware is around it; the log names the
    /// missing call.
    fn cert_session(&self) -> Result<CertSession, Error>;
}

impl SessionExt for HttpRequest {
    fn cert_session(&self) -> Result<CertSession, Error> {
        find(&self.extensions())
    }
}

impl SessionExt for ServiceRequest {
    fn cert_session(&self) -> Result<CertSession, Error> {
        find(&self.extensions())
    }
}

impl<B> SessionExt for ServiceResponse<B> {
    fn cert_session(&self) -> Result<CertSession, Error> {
        self.request().cert_session()
    }
}

impl SessionExt for GuardContext<'_> {
    fn cert_session(&self) -> Result<CertSession, Error> {
        find(&self.req_data())
    }
}

fn find(extensions: &Extensions) -> Result<CertSession, Error> {
    match extensions.get::<CertSession>() {
        Some(session) => {
            session.mark_used();
            Ok(session.clone())
        }
        None => Err(SetUpFault::MiddlewareMissing.report()),
    }
}

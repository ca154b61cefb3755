//! Approving an order needs a role, and a one-time password within five minutes.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use certsession_actix::{AuthMethod, CertSession, Elevated, Error, HasRole, RoleName, SignedIn};
use serde::Deserialize;

use crate::orders::Orders;

const ELEVATION: Duration = Duration::from_secs(300);

struct Approver;

impl RoleName for Approver {
    const ROLE: &'static str = "approver";
}

#[derive(Deserialize)]
struct Password {
    code: String,
}

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/confirm", web::post().to(confirm))
        .route("/orders/{number}/approve", web::post().to(approve));
}

async fn confirm(
    session: CertSession,
    _: SignedIn,
    password: web::Form<Password>,
) -> Result<HttpResponse, Error> {
    // The code of this example. A real one comes from an authenticator (RFC 6238).
    if password.code != "123456" {
        return Ok(HttpResponse::Forbidden().body("wrong code\n"));
    }
    session.elevate(AuthMethod::ONE_TIME_PASSWORD, ELEVATION)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn approve(
    approver: HasRole<Approver>,
    _: Elevated,
    number: web::Path<usize>,
    orders: web::Data<Orders>,
) -> HttpResponse {
    match orders.approve(*number, approver.principal().as_str()) {
        true => HttpResponse::NoContent().finish(),
        false => HttpResponse::NotFound().finish(),
    }
}

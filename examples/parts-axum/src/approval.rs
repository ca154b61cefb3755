//! Approving an order needs a role, and a one-time password within five minutes.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Form, Router};
use certsession_axum::{AuthMethod, CertSession, Elevated, Error, HasRole, RoleName, SignedIn};
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

pub(crate) fn routes() -> Router<Orders> {
    Router::new()
        .route("/confirm", post(confirm))
        .route("/orders/{number}/approve", post(approve))
}

async fn confirm(
    session: CertSession,
    _: SignedIn,
    Form(password): Form<Password>,
) -> Result<StatusCode, Error> {
    // The code of this example. A real one comes from an authenticator (RFC 6238).
    if password.code != "123456" {
        return Ok(StatusCode::FORBIDDEN);
    }
    session.elevate(AuthMethod::ONE_TIME_PASSWORD, ELEVATION)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn approve(
    approver: HasRole<Approver>,
    _: Elevated,
    Path(number): Path<usize>,
    State(orders): State<Orders>,
) -> StatusCode {
    match orders.approve(number, approver.principal().as_str()) {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::NOT_FOUND,
    }
}

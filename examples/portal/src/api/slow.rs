//! A handler that takes its time, for races.

use std::time::Duration;

use actix_web::{HttpResponse, rt, web};
use certsession_actix::{CertSession, Error, Key};
use serde::Deserialize;

/// The longest wait, in milliseconds.
const MAX_WAIT: u64 = 60_000;

/// The query of `GET /slow`.
#[derive(Deserialize)]
pub(crate) struct SlowQuery {
    ms: u64,
    key: String,
    value: String,
}

/// `GET /slow`: the session is loaded, time passes, and then the key is written.
pub(crate) async fn write(
    session: CertSession,
    query: web::Query<SlowQuery>,
) -> Result<HttpResponse, Error> {
    let SlowQuery { ms, key, value } = query.into_inner();
    rt::time::sleep(Duration::from_millis(ms.min(MAX_WAIT))).await;
    session.insert(&Key::<String>::named(key), &value)?;
    Ok(HttpResponse::NoContent().finish())
}

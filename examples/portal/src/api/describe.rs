//! What a session looks like from outside.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use certsession_actix::{CertSession, Record, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

/// `GET /session`: the session, or null.
pub(crate) async fn session(session: CertSession) -> serde_json::Result<HttpResponse> {
    let described = match session.record() {
        Some(record) => Some(Described {
            handle: record.handle().to_string(),
            principal: session.principal().map(|principal| principal.to_string()),
            certificate: Certificate::of(&record),
            created_at: rfc3339(record.created_at()),
            idle_deadline: rfc3339(record.idle_deadline()),
            absolute_deadline: rfc3339(record.absolute_deadline()),
            data: session
                .entries()
                .into_iter()
                .map(|(key, json)| Ok((key, RawValue::from_string(json)?)))
                .collect::<serde_json::Result<_>>()?,
        }),
        None => None,
    };
    Ok(HttpResponse::Ok().json(described))
}

#[derive(Serialize)]
struct Described {
    handle: String,
    principal: Option<String>,
    certificate: Certificate,
    created_at: String,
    idle_deadline: String,
    absolute_deadline: String,
    data: BTreeMap<String, Box<RawValue>>,
}

/// The certificate that a session is bound to.
#[derive(Serialize)]
pub(crate) struct Certificate {
    pub(crate) subject: String,
    pub(crate) serial: String,
    pub(crate) sha256: String,
}

impl Certificate {
    pub(crate) fn of(record: &Record) -> Self {
        let binding = record.binding();
        Self {
            subject: binding.subject().to_owned(),
            serial: binding.serial().to_string(),
            sha256: binding.fingerprint().to_string(),
        }
    }
}

/// A session in the list of a principal's sessions.
#[derive(Serialize)]
pub(crate) struct Listed {
    pub(crate) handle: String,
    pub(crate) created_at: String,
    pub(crate) last_seen_at: String,
    pub(crate) certificate: Certificate,
    pub(crate) current: bool,
}

impl Listed {
    pub(crate) fn of(record: &Record, session: &CertSession) -> Self {
        Self {
            handle: record.handle().to_string(),
            created_at: rfc3339(record.created_at()),
            last_seen_at: rfc3339(record.last_seen_at()),
            certificate: Certificate::of(record),
            current: session.handle() == Some(record.handle()),
        }
    }
}

/// RFC 3339, in UTC. What lies beyond the calendar is shown as its last moment.
fn rfc3339(time: Timestamp) -> String {
    i64::try_from(time.as_millis())
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .unwrap_or(jiff::Timestamp::MAX)
        .to_string()
}

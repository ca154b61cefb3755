//! The JSON description of a session.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use certsession_actix::{CertSession, Record};
use serde::Serialize;
use serde_json::value::RawValue;

/// `GET /session`: the session, or null.
pub(crate) async fn session(session: CertSession) -> serde_json::Result<HttpResponse> {
    let described = match session.record() {
        Some(record) => Some(Described {
            handle: record.handle().to_string(),
            principal: session.principal().map(|principal| principal.to_string()),
            certificate: Certificate::of(&record),
            created_at: record.created_at().to_rfc3339(),
            idle_deadline: record.idle_deadline().to_rfc3339(),
            absolute_deadline: record.absolute_deadline().to_rfc3339(),
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
            created_at: record.created_at().to_rfc3339(),
            last_seen_at: record.last_seen_at().to_rfc3339(),
            certificate: Certificate::of(record),
            current: session.handle() == Some(record.handle()),
        }
    }
}

//! What a session looks like from outside.

use std::collections::BTreeMap;

use certsession_core::{Binding, Page, SessionSummary};
use certsession_http::RequestSession;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::answer::Failure;

/// `GET /session`: the session, or null.
///
/// # Errors
///
/// If what the session holds cannot be read.
pub fn session(session: &RequestSession) -> Result<Option<Described>, Failure> {
    let Some(record) = session.record() else {
        return Ok(None);
    };
    Ok(Some(Described {
        handle: record.handle().to_string(),
        principal: session.principal().map(|principal| principal.to_string()),
        certificate: record.binding().map(Certificate::of),
        created_at: record.created_at().to_rfc3339(),
        idle_deadline: record.idle_deadline().to_rfc3339(),
        absolute_deadline: record.absolute_deadline().to_rfc3339(),
        data: session
            .entries()?
            .into_iter()
            .map(|(key, json)| Ok((key, RawValue::from_string(json)?)))
            .collect::<serde_json::Result<_>>()
            .map_err(|_| Failure::Portal(500, "the session holds what is not JSON\n"))?,
    }))
}

/// The query of `GET /sessions`.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    /// Where another page ended.
    after: Option<String>,
}

/// `GET /sessions`: those of the principal who is signed in, a hundred a page.
#[derive(Debug)]
pub struct Listing {
    /// The body.
    pub sessions: Vec<Listed>,
    /// The field `Link` (RFC 8288), if there is another page.
    pub link: Option<String>,
}

/// `GET /sessions`.
///
/// # Errors
///
/// If the query has no place in a list, no principal is signed in, or the store fails.
pub async fn sessions(session: &RequestSession, query: &ListQuery) -> Result<Listing, Failure> {
    let mut page = Page::at_most(100);
    if let Some(after) = &query.after {
        let cursor = after
            .parse()
            .map_err(|_| Failure::Portal(400, "`after` is not from a link to a next page\n"))?;
        page = page.after(cursor);
    }
    let page = session.sessions(&page).await?;
    let sessions = page.sessions().iter();
    let link = |next| format!("</sessions?after={next}>; rel=\"next\"");
    Ok(Listing {
        sessions: sessions.map(|it| Listed::of(it, session)).collect(),
        link: page.next().map(link),
    })
}

/// A session, as `GET /session` shows it.
#[derive(Debug, Serialize)]
pub struct Described {
    handle: String,
    principal: Option<String>,
    certificate: Option<Certificate>,
    created_at: String,
    idle_deadline: String,
    absolute_deadline: String,
    data: BTreeMap<String, Box<RawValue>>,
}

/// The certificate that a session is bound to.
#[derive(Debug, Serialize)]
struct Certificate {
    subject: String,
    serial: String,
    sha256: String,
}

impl Certificate {
    fn of(binding: &Binding) -> Self {
        Self {
            subject: binding.subject().to_owned(),
            serial: binding.serial().to_string(),
            sha256: binding.fingerprint().to_string(),
        }
    }
}

/// A session in the list of a principal's sessions.
#[derive(Debug, Serialize)]
pub struct Listed {
    handle: String,
    created_at: String,
    last_seen_at: String,
    certificate: Option<Certificate>,
    current: bool,
}

impl Listed {
    fn of(listed: &SessionSummary, session: &RequestSession) -> Self {
        Self {
            handle: listed.handle().to_string(),
            created_at: listed.created_at().to_rfc3339(),
            last_seen_at: listed.last_seen_at().to_rfc3339(),
            certificate: listed.binding().map(Certificate::of),
            current: session.handle() == Some(listed.handle()),
        }
    }
}

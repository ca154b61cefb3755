//! A user's sessions: the list, and ending one or all others.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{delete, get};
use certsession_axum::{CertSession, Device, Error, Handle, Page};

/// What the list shows of a device.
pub(crate) fn of(request: &Parts) -> Device {
    let agent = request.headers.get("user-agent");
    let agent = agent.and_then(|agent| agent.to_str().ok());
    Device::new().with_agent(agent.unwrap_or_default())
}

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/sessions", get(list).delete(end_others))
        .route("/sessions/{handle}", delete(end))
}

async fn list(session: CertSession) -> Result<String, Error> {
    let own = session.handle();
    let page = session.sessions(&Page::default()).await?;
    let lines = page.sessions().iter().map(|record| {
        let (handle, seen) = (record.handle(), record.last_seen_at());
        let agent = record.device().and_then(|device| device.agent());
        let agent = agent.unwrap_or("unknown");
        let mark = match Some(handle) == own {
            true => ", this one",
            false => "",
        };
        format!("{handle} {agent}, last used {seen}{mark}\n")
    });
    Ok(lines.collect())
}

async fn end(session: CertSession, Path(handle): Path<Handle>) -> Result<StatusCode, Error> {
    Ok(match session.revoke(handle).await? {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::NOT_FOUND,
    })
}

async fn end_others(session: CertSession) -> Result<String, Error> {
    Ok(format!(
        "{} sessions ended\n",
        session.revoke_others().await?
    ))
}

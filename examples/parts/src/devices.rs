//! A user's sessions: the list, and ending one or all others.

use actix_web::dev::ServiceRequest;
use actix_web::{HttpResponse, web};
use certsession_actix::{CertSession, Device, Error, Handle, Page};

/// What the list shows of a device.
pub(crate) fn of(request: &ServiceRequest) -> Device {
    let agent = request.headers().get("user-agent");
    let agent = agent.and_then(|agent| agent.to_str().ok());
    Device::new().with_agent(agent.unwrap_or_default())
}

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/sessions", web::get().to(list))
        .route("/sessions", web::delete().to(end_others))
        .route("/sessions/{handle}", web::delete().to(end));
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

async fn end(session: CertSession, handle: web::Path<Handle>) -> Result<HttpResponse, Error> {
    Ok(match session.revoke(*handle).await? {
        true => HttpResponse::NoContent().finish(),
        false => HttpResponse::NotFound().finish(),
    })
}

async fn end_others(session: CertSession) -> Result<String, Error> {
    Ok(format!(
        "{} sessions ended\n",
        session.revoke_others().await?
    ))
}

//! A user's sessions with their devices; ending one, or all but this one.

use actix_web::{App, HttpServer, web};
use certsession_actix::{
    BindMutualTls, CertSession, CertSessionMiddleware, Device, Error, Handle, MemoryStore, Page,
};

async fn sign_in(session: CertSession, label: web::Path<String>) -> Result<String, Error> {
    session.sign_in("alice")?;
    session.describe(&Device::new().with_label(&label))?;
    Ok("welcome\n".to_owned())
}

async fn list(session: CertSession) -> Result<String, Error> {
    let own = session.handle();
    let page = session.sessions(&Page::default()).await?;
    let lines = page.sessions().iter().map(|record| {
        let device = record.device();
        let label = device.and_then(|it| it.label()).unwrap_or("unnamed");
        let agent = device.and_then(|it| it.agent()).unwrap_or("unknown");
        let is_own = Some(record.handle()) == own;
        let mark = if is_own { " (this one)" } else { "" };
        format!("{} {label}, {agent}{mark}\n", record.handle())
    });
    Ok(lines.collect())
}

async fn end(session: CertSession, handle: web::Path<String>) -> Result<String, Error> {
    let was_there = match handle.parse::<Handle>() {
        Ok(handle) => session.revoke(handle).await?,
        Err(_) => false,
    };
    Ok(format!("ended: {was_there}\n"))
}

async fn end_others(session: CertSession) -> Result<String, Error> {
    Ok(format!("ended: {}\n", session.revoke_others().await?))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (tls, port) = topics::set_up()?;
    let sessions = CertSessionMiddleware::new(MemoryStore::new()).with_device(|request| {
        let agent = request.headers().get("user-agent");
        let agent = agent.and_then(|agent| agent.to_str().ok());
        let device = Device::new().with_agent(agent.unwrap_or_default());
        match request.peer_addr() {
            Some(address) => device.with_address(address.ip()),
            None => device,
        }
    });
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .route("/sign-in/{label}", web::post().to(sign_in))
            .route("/sessions", web::get().to(list))
            .route("/end/{handle}", web::post().to(end))
            .route("/end-others", web::post().to(end_others))
    };
    let server = HttpServer::new(app).bind_mutual_tls(("127.0.0.1", port), tls)?;
    topics::listening(
        server.addrs()[0].port(),
        &[
            "/sign-in/laptop --data ''",
            "/sessions",
            "/end-others --data ''",
        ],
    );
    Ok(server.run().await?)
}

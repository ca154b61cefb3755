//! Messages for the next page: each is shown once.

use actix_web::http::header::LOCATION;
use actix_web::{App, HttpResponse, HttpServer, web};
use certsession_actix::{
    BindMutualTls, CertSession, CertSessionMiddleware, Error, FlashLevel, MemoryStore,
};

async fn order(session: CertSession) -> Result<HttpResponse, Error> {
    session.flash(FlashLevel::Success, "the order was sent")?;
    session.flash(FlashLevel::Warning, "it arrives on Monday")?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, "/"))
        .finish())
}

async fn page(session: CertSession) -> Result<String, Error> {
    let flashes = session.take_flashes().await?;
    let lines = flashes
        .iter()
        .map(|flash| format!("[{}] {}\n", flash.level().as_str(), flash.text()));
    Ok(lines.collect::<String>() + "your orders\n")
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (tls, port) = topics::set_up()?;
    let sessions = CertSessionMiddleware::new(MemoryStore::new());
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .route("/", web::get().to(page))
            .route("/order", web::post().to(order))
    };
    let server = HttpServer::new(app).bind_mutual_tls(("127.0.0.1", port), tls)?;
    topics::listening(
        server.addrs()[0].port(),
        &["/order --data '' --location", "/"],
    );
    Ok(server.run().await?)
}

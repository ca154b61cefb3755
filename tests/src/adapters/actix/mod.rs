//! actix-web.

mod features;
mod routes;

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use actix_web::{App, HttpServer, rt, web};
use certsession_actix::{BindMutualTls, CertSessionMiddleware};
use certsession_core::{Device, SessionManager, SessionStore};
use certsession_tls::MutualTls;
use tokio::sync::oneshot;

use super::{Adapter, Running};
use crate::held::Held;

/// actix-web.
pub struct Actix;

impl Adapter for Actix {
    const PORTAL: &'static str = "portal";
    const HTTP_1_TARGET: &'static str = "actix_http::h1";

    async fn serve<S: SessionStore>(
        listener: TcpListener,
        tls: MutualTls,
        sessions: SessionManager<S>,
        held: Held,
    ) -> Running {
        let sessions = CertSessionMiddleware::new(sessions)
            .with_sign_in_page("/welcome")
            .unwrap()
            .with_device(|request| {
                let agent = request.headers().get("user-agent");
                let agent = agent.and_then(|agent| agent.to_str().ok());
                Device::new().with_agent(agent.unwrap_or_default())
            });
        let held = web::Data::from(Arc::new(held));
        let (send, receive) = oneshot::channel();
        let thread = thread::spawn(move || {
            rt::System::new().block_on(async move {
                let app = move || {
                    App::new()
                        .app_data(held.clone())
                        .wrap(sessions.clone())
                        .configure(routes::misbehaving)
                        .configure(features::features)
                        .configure(portal::routes)
                        .configure(portal::lab_routes)
                };
                let server = HttpServer::new(app)
                    .workers(2)
                    .disable_signals()
                    .shutdown_timeout(0)
                    .listen_mutual_tls(listener, tls)
                    .unwrap()
                    .run();
                send.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Running::actix(receive.await.unwrap(), thread)
    }
}

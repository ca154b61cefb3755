//! actix-web.

mod routes;

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use actix_web::{App, HttpServer, rt, web};
use certsession_actix::{BindMutualTls, CertSessionMiddleware};
use certsession_core::{SessionManager, SessionStore};
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
        let sessions = CertSessionMiddleware::new(sessions);
        let held = web::Data::from(Arc::new(held));
        let (send, receive) = oneshot::channel();
        let thread = thread::spawn(move || {
            rt::System::new().block_on(async move {
                let app = move || {
                    App::new()
                        .app_data(held.clone())
                        .wrap(sessions.clone())
                        .configure(routes::misbehaving)
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

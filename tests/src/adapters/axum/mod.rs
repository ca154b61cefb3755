//! axum, served by `certsession_axum::serve`.

mod features;
mod routes;

use std::net::TcpListener;
use std::thread;

use certsession_axum::{CertSessionLayer, serve};
use certsession_core::{Device, SessionManager, SessionStore};
use certsession_tls::MutualTls;
use tokio::sync::oneshot;

use super::{Adapter, Running};
use crate::held::Held;

/// axum.
pub struct Axum;

impl Adapter for Axum {
    const PORTAL: &'static str = "portal-axum";
    const HTTP_1_TARGET: &'static str = "certsession::server";

    async fn serve<S: SessionStore>(
        listener: TcpListener,
        tls: MutualTls,
        sessions: SessionManager<S>,
        held: Held,
    ) -> Running {
        let sessions = CertSessionLayer::new(sessions)
            .with_sign_in_page("/welcome")
            .unwrap()
            .with_device(|request| {
                let agent = request.headers.get("user-agent");
                let agent = agent.and_then(|agent| agent.to_str().ok());
                Device::new().with_agent(agent.unwrap_or_default())
            });
        let (send, receive) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .thread_name("axum")
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let app = portal_axum::routes()
                    .merge(portal_axum::lab_routes())
                    .merge(routes::misbehaving(held))
                    .merge(features::features())
                    .layer(sessions);
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let (stop, stopped) = oneshot::channel::<()>();
                send.send(stop).unwrap();
                tokio::select! {
                    served = serve(listener, tls, app) => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        let stop = receive.await.unwrap();
        Running::new(move || drop(stop), thread)
    }
}

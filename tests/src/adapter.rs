//! The adapters that every promise is kept over.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, rt, web};
use certsession_actix::{BindMutualTls, CertSessionMiddleware};
use certsession_core::{SessionManager, SessionStore};
use certsession_tls::MutualTls;
use tokio::sync::oneshot;

use crate::held::Held;
use crate::routes;

/// An adapter: how it serves the portal, and the handlers that misbehave, over a store.
pub trait Adapter {
    /// Serves until the returned server is dropped.
    fn serve<S: SessionStore>(
        listener: TcpListener,
        tls: MutualTls,
        sessions: SessionManager<S>,
        held: Held,
    ) -> impl Future<Output = Running>;
}

/// A server in a thread of its own. It stops when this is dropped.
pub struct Running {
    stop: Option<Box<dyn FnOnce() + Send>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// A server that `stop` stops, in `thread`.
    pub fn new(stop: impl FnOnce() + Send + 'static, thread: JoinHandle<()>) -> Self {
        Self {
            stop: Some(Box::new(stop)),
            thread: Some(thread),
        }
    }

    /// A server of actix-web.
    pub fn actix(handle: ServerHandle, thread: JoinHandle<()>) -> Self {
        // The command is sent when the future is made; nothing has to wait for the answer.
        Self::new(move || drop(handle.stop(false)), thread)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// actix-web.
pub struct Actix;

impl Adapter for Actix {
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

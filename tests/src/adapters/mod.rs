//! The adapters that every promise is kept over.

mod actix;
mod axum;

use std::net::TcpListener;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use certsession_core::{SessionManager, SessionStore};
use certsession_tls::MutualTls;

pub use self::actix::Actix;
pub use self::axum::Axum;

use crate::held::Held;

/// An adapter: how it serves the portal, and the handlers that misbehave, over a store.
pub trait Adapter {
    /// The portal that is built on it, as a program.
    const PORTAL: &'static str;

    /// The log target of what serves HTTP/1.1 in it. (hyper has none: it logs nothing.)
    const HTTP_1_TARGET: &'static str;

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

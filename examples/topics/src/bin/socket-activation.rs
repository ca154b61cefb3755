//! A socket that systemd has opened: no connection is lost while the server restarts, and the server
//! needs no right to open port 443.
//!
//! ```ini
//! # /etc/systemd/system/socket-activation.socket
//! [Socket]
//! ListenStream=443
//!
//! [Install]
//! WantedBy=sockets.target
//! ```
//!
//! ```ini
//! # /etc/systemd/system/socket-activation.service
//! [Service]
//! ExecStart=/usr/local/bin/socket-activation
//! DynamicUser=yes
//! ```
//!
//! To try it: `systemd-socket-activate --listen 8443 cargo run -p topics --bin socket-activation`.

use actix_web::{App, HttpServer, web};
use certsession_actix::{
    BindMutualTls, CertSession, CertSessionMiddleware, Error, Key, MemoryStore,
};
use listenfd::ListenFd;

const VISITS: Key<u64> = Key::new("visits");

async fn home(session: CertSession) -> Result<String, Error> {
    let visits = session.get(&VISITS)?.unwrap_or(0) + 1;
    session.insert(&VISITS, &visits)?;
    Ok(format!("visit {visits}\n"))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The first socket of the unit, if systemd started this: LISTEN_FDS, LISTEN_PID.
    let socket = ListenFd::from_env().take_tcp_listener(0)?;
    let (tls, port) = topics::set_up()?;
    let sessions = CertSessionMiddleware::new(MemoryStore::new());
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .route("/", web::get().to(home))
    };
    let server = HttpServer::new(app);
    let server = match socket {
        Some(socket) => server.listen_mutual_tls(socket, tls)?,
        None => server.bind_mutual_tls(("127.0.0.1", port), tls)?,
    };
    topics::listening(server.addrs()[0].port(), &["/"]);
    Ok(server.run().await?)
}

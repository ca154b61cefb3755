//! The whole framework in one server: `cargo run -p portal -- --help`.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::USER_AGENT;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use certsession_actix::{BindMutualTls, CertSessionMiddleware, Device, SessionStore};
use portal_common::{Framework, Portal, Socket};

/// How long a shutdown waits for ends that were begun.
const DRAIN: Duration = Duration::from_secs(10);

#[actix_web::main]
async fn main() -> ExitCode {
    portal_common::run::<Actix>().await
}

struct Actix;

impl Framework for Actix {
    async fn serve<S: SessionStore>(portal: Portal<S>) -> Result<(), Box<dyn Error>> {
        let Portal {
            manager,
            guard,
            socket,
            lab,
        } = portal;
        let sessions = CertSessionMiddleware::new(manager)
            .with_cross_site_guard(guard)
            .with_device(device);
        let wrapped = sessions.clone();
        let app = move || {
            let app = App::new()
                .wrap(wrapped.clone())
                .wrap(from_fn(portal::error_pages))
                .configure(portal::routes);
            match lab {
                true => app.configure(portal::lab_routes),
                false => app,
            }
        };
        let server = HttpServer::new(app);
        let no_address = |addr: &str, error| format!("cannot listen on {addr}: {error}");
        let server = match socket {
            Socket::Direct { addr, tls } => server
                .bind_mutual_tls(&addr, tls)
                .map_err(|error| no_address(&addr, error))?,
            Socket::Proxy { addr, tls, proxies } => server
                .bind_behind_proxy(&addr, tls, &proxies)
                .map_err(|error| no_address(&addr, error))?,
            Socket::Unix { path, proxies } => {
                let listener = portal_common::bind_unix(&path)?;
                portal_common::say_listening(format_args!("unix:{}", path.display()))?;
                server.listen_unix_behind_proxy(listener, &proxies)?
            }
        };
        for (address, scheme) in server.addrs_with_scheme() {
            // actix has an address of its own for a Unix socket.
            if scheme == "https" {
                portal_common::say_listening(format_args!("https://{address}"))?;
            }
        }
        server.run().await?;
        // A sign-out whose client hung up is finished before the process ends.
        sessions.drain(DRAIN).await;
        Ok(())
    }
}

/// What the list of sessions shows of a client, besides the name that its user gives it.
fn device(request: &ServiceRequest) -> Device {
    let agent = request.headers().get(USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    Device::new().with_agent(agent.unwrap_or_default())
}

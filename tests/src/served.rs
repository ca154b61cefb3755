//! A server whose application the test builds itself.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread;

use actix_web::dev::Server;
use actix_web::rt;
use certsession_actix::{MutualTls, MutualTlsBuilder};

use crate::adapters::Running;
use crate::browser::Browser;
use crate::certificates::Certificates;
use crate::matrix::Plan;
use crate::transport::{Http, Stack};

/// A server that runs until it is dropped.
pub struct Served {
    /// The authority whose clients it accepts.
    pub certificates: Certificates,
    address: SocketAddr,
    http: Http,
    _running: Running,
}

/// The TLS configuration for the plan's stack.
pub struct Tls {
    /// The stack.
    pub stack: Stack,
    /// The server's configuration, not yet built.
    pub builder: MutualTlsBuilder,
}

impl Tls {
    /// The complete configuration, for `listen_mutual_tls`.
    pub fn mutual(&self) -> MutualTls {
        self.stack.build(&self.builder)
    }
}

/// actix's own method for the stack, which installs no hook.
#[macro_export]
macro_rules! listen_bare {
    ($server:expr, $listener:expr, $tls:expr) => {{
        let server = $server;
        match $tls.mutual().into_parts().0 {
            certsession_actix::ServerTls::Rustls(config) => {
                server.listen_rustls_0_23($listener, *config)
            }
            certsession_actix::ServerTls::OpenSsl(acceptor) => {
                server.listen_openssl($listener, acceptor)
            }
            _ => unreachable!(),
        }
    }};
}

impl Served {
    /// Serves the application that `serve` creates from a socket and the plan's TLS.
    pub async fn start(
        plan: Plan,
        serve: impl FnOnce(TcpListener, Tls) -> io::Result<Server> + Send + 'static,
    ) -> Self {
        let certificates = Certificates::new();
        let tls = Tls {
            stack: plan.stack(),
            builder: certificates.tls(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (send, receive) = tokio::sync::oneshot::channel();
        let thread = thread::spawn(move || {
            rt::System::new().block_on(async move {
                let server = serve(listener, tls).unwrap();
                send.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Self {
            certificates,
            address,
            http: plan.http(),
            _running: Running::actix(receive.await.unwrap(), thread),
        }
    }

    /// A browser with a new certificate with this name.
    pub fn browser(&self, name: &str) -> Browser {
        let client = self.certificates.client(name);
        let authority = self.certificates.authority().certificate_der();
        Browser::new(self.address, authority, Some(&client), self.http)
    }

    /// A browser without a certificate.
    pub fn stranger(&self) -> Browser {
        let authority = self.certificates.authority().certificate_der();
        Browser::new(self.address, authority, None, self.http)
    }

    /// The server's address.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// `HttpServer::new` of this application, with one worker, and no signals of its own.
#[macro_export]
macro_rules! server {
    ($app:expr) => {
        actix_web::HttpServer::new($app)
            .workers(1)
            .disable_signals()
            .shutdown_timeout(0)
    };
}

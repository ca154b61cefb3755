//! A server in this process, over real TLS.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, rt, web};
use certsession_actix::{
    BindMutualTls, CertSessionMiddleware, ClientAuth, MutualTls, MutualTlsBuilder, Resumption,
};
use certsession_core::test_util::{EventLog, Faults, FaultyStore, ManualClock};
use certsession_core::{
    Admission, BindingPolicy, Lifetimes, OnReplay, RevocationList, SessionManager, SessionStore,
};

use crate::browser::Browser;
use crate::certificates::{Certificates, Client};
use crate::matrix::{Http, Plan};
use crate::routes::{self, Held};

/// The TLS stack of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// rustls with ring.
    Rustls,
    /// The system's OpenSSL.
    Openssl,
}

impl Stack {
    /// The configuration for this stack.
    pub fn build(self, tls: &MutualTlsBuilder) -> MutualTls {
        match self {
            Self::Rustls => tls.build_rustls(),
            Self::Openssl => tls.build_openssl(),
        }
        .unwrap()
    }
}

/// The configuration that a test chooses for its server.
#[derive(Default)]
pub struct Setup {
    /// The session lifetimes.
    pub lifetimes: Lifetimes,
    /// Which certificates may use a session.
    pub binding: BindingPolicy,
    /// What happens on a replay.
    pub on_replay: OnReplay,
    /// How many sessions a principal may have.
    pub admission: Option<Admission>,
    /// How many sessions the store has room for.
    pub capacity: Option<usize>,
    /// Whether a client may connect without a certificate.
    pub client_auth: ClientAuth,
    /// Further authorities whose clients are accepted, in PEM.
    pub further_authorities: Vec<String>,
    /// A file with revocation lists.
    pub crl_file: Option<PathBuf>,
    /// Whether clients may resume TLS sessions.
    pub resumption: Resumption,
    /// The authority whose clients it accepts; a new one by default.
    pub certificates: Option<Arc<Certificates>>,
}

/// A server that runs until it is dropped, and the test's access to it.
pub struct Site {
    /// The authority whose clients it accepts.
    pub certificates: Arc<Certificates>,
    /// The time that the rules see. TLS uses the real time.
    pub clock: ManualClock,
    /// The events that the rules emitted.
    pub events: EventLog,
    /// Makes the store fail or wait.
    pub faults: Faults,
    /// The revoked certificates, for TLS and for the rules.
    pub revocations: RevocationList,
    /// The gate of `/held`.
    pub held: Held,
    address: SocketAddr,
    http: Http,
    stop: Option<(ServerHandle, JoinHandle<()>)>,
}

impl Site {
    pub(crate) async fn start<S: SessionStore>(plan: Plan, setup: Setup, store: S) -> Self {
        let certificates = setup.certificates.unwrap_or_default();
        let revocations = RevocationList::new();
        let clock = ManualClock::at_real_time();
        let events = EventLog::new();
        let held = Held::new();
        let store = FaultyStore::new(store);
        let faults = store.faults();
        let mut rules = SessionManager::builder(store)
            .lifetimes(setup.lifetimes)
            .binding(setup.binding)
            .on_replay(setup.on_replay)
            .revocations(&revocations)
            .clock(clock.clone())
            .event_sink(events.clone());
        if let Some(admission) = setup.admission {
            rules = rules.admission(admission);
        }

        let sessions = CertSessionMiddleware::new(rules.build());
        let mut tls = certificates
            .tls()
            .client_auth(setup.client_auth)
            .revocations(&revocations)
            .resumption(setup.resumption);
        if let Some(file) = setup.crl_file {
            tls = tls.crl_file(file);
        }
        for authority in setup.further_authorities {
            tls = tls.client_ca_pem(authority);
        }
        let tls = plan.stack().build(&tls);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (send, receive) = tokio::sync::oneshot::channel();
        let waits = held.clone();
        let thread = thread::spawn(move || {
            rt::System::new().block_on(async move {
                let app = move || {
                    App::new()
                        .app_data(web::Data::new(waits.clone()))
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
        let handle = receive.await.unwrap();
        Self {
            certificates,
            clock,
            events,
            faults,
            revocations,
            held,
            address,
            http: plan.http(),
            stop: Some((handle, thread)),
        }
    }

    /// A browser with a new certificate with this name.
    pub fn browser(&self, name: &str) -> Browser {
        self.browser_with(&self.certificates.client(name))
    }

    /// A browser with this certificate.
    pub fn browser_with(&self, client: &Client) -> Browser {
        self.open_browser(Some(client), self.http)
    }

    /// A browser without a certificate.
    pub fn stranger(&self) -> Browser {
        self.open_browser(None, self.http)
    }

    /// The server's address.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    fn open_browser(&self, client: Option<&Client>, http: Http) -> Browser {
        let authority = self.certificates.authority().certificate_der();
        Browser::new(self.address, authority, client, http)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some((handle, thread)) = self.stop.take() {
            // Creating the future sends the command; the test need not wait for the result.
            drop(handle.stop(false));
            let _ = thread.join();
        }
    }
}

//! A server in this process, over real TLS.

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use certsession_core::test_util::{EventLog, Faults, FaultyStore, ManualClock};
use certsession_core::{
    Admission, ApplicationKeys, BindingPolicy, CertificatePolicy, Lifetimes, OnReplay,
    RevocationList, SessionAdmin, SessionManager, SessionStore,
};
use certsession_tls::{CertificatesInForce, ClientAuth, Resumption};

use crate::adapters::{Adapter, Running};
use crate::browser::Browser;
use crate::certificates::{Certificates, Client};
use crate::held::Held;
use crate::transport::{Http, Stack};

/// The configuration that a test chooses for its server.
#[derive(Default)]
pub struct Setup {
    /// The session lifetimes.
    pub lifetimes: Lifetimes,
    /// Whether a session may begin without a certificate.
    pub certificate: CertificatePolicy,
    /// Whether the data of sessions is encrypted under their tokens.
    pub encrypts_data: bool,
    /// What the data of sessions is encrypted under instead.
    pub application_keys: Option<ApplicationKeys>,
    /// Which certificates may use a session.
    pub binding: BindingPolicy,
    /// What happens on a replay.
    pub on_replay: OnReplay,
    /// How many sessions a principal may have.
    pub admission: Option<Admission>,
    /// How many sessions a certificate may have; any number by default.
    pub certificate_limit: Option<NonZeroUsize>,
    /// How many sessions the store has room for.
    pub capacity: Option<usize>,
    /// Whether a client may connect without a certificate.
    pub client_auth: ClientAuth,
    /// Further authorities whose clients are accepted, in PEM.
    pub further_authorities: Vec<String>,
    /// A file with further authorities whose clients are accepted.
    pub client_ca_file: Option<PathBuf>,
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
    /// Administration from outside.
    pub admin: SessionAdmin,
    /// Which certificates the server uses.
    pub certificates_in_force: CertificatesInForce,
    /// The gate of `/held`.
    pub held: Held,
    address: SocketAddr,
    http: Http,
    _running: Running,
}

impl Site {
    pub(crate) async fn start<A: Adapter, S: SessionStore>(
        stack: Stack,
        http: Http,
        setup: Setup,
        store: S,
    ) -> Self {
        let certificates = setup.certificates.unwrap_or_default();
        let revocations = RevocationList::new();
        let clock = ManualClock::at_real_time();
        let events = EventLog::new();
        let held = Held::new();
        let store = FaultyStore::new(store);
        let faults = store.faults();
        let mut rules = SessionManager::builder(store)
            .lifetimes(setup.lifetimes)
            .certificate(setup.certificate)
            .binding(setup.binding)
            .on_replay(setup.on_replay)
            .revocations(&revocations)
            // One creation in sixteen would cost a step more, and tests count steps.
            .certificate_limit(setup.certificate_limit)
            .clock(clock.clone())
            .event_sink(events.clone());
        if let Some(admission) = setup.admission {
            rules = rules.admission(admission);
        }
        if setup.encrypts_data {
            rules = rules.encrypt_data();
        }
        if let Some(keys) = setup.application_keys {
            rules = rules.encrypt_data_with(keys);
        }

        let mut tls = certificates
            .tls()
            .client_auth(setup.client_auth)
            .revocations(&revocations)
            .resumption(setup.resumption);
        if let Some(file) = setup.crl_file {
            tls = tls.crl_file(file);
        }
        if let Some(file) = setup.client_ca_file {
            tls = tls.client_ca_file(file);
        }
        for authority in setup.further_authorities {
            tls = tls.client_ca_pem(authority);
        }
        let tls = stack.build(&tls);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let sessions = rules.build();
        let (admin, certificates_in_force) = (sessions.admin(), tls.certificates());
        let running = A::serve(listener, tls, sessions, held.clone()).await;
        Self {
            certificates,
            clock,
            events,
            faults,
            revocations,
            admin,
            certificates_in_force,
            held,
            address,
            http,
            _running: running,
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

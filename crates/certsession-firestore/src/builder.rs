//! The settings of a store.

use std::time::Duration;

use tokio::time::timeout;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use crate::client::Client;
use crate::connections::Connections;
use crate::credentials::{Credentials, CredentialsError, Tokens};
use crate::error::ConnectError;
use crate::firestore_store::FirestoreStore;
use crate::layout::Layout;
use crate::set_up;
use crate::target::Target;

const ENDPOINT: &str = "https://firestore.googleapis.com";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
const DEFAULT_CONNECTIONS: usize = 1;
const DEFAULT_WATCH_INTERVAL: Duration = Duration::from_secs(30);

/// How often a connection is asked for a sign of life while calls wait on it.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

impl FirestoreStore {
    /// The store in the database of this URL, with every setting at its default.
    ///
    /// # Errors
    ///
    /// If the URL names no database, or the database is none that can be used.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder(url)?.connect().await
    }

    /// Settings for a store in the database of this URL:
    /// `firestore://PROJECT[/DATABASE][?collection=NAME&emulator=HOST:PORT]`.
    ///
    /// # Errors
    ///
    /// If the URL names no database.
    pub fn builder(url: &str) -> Result<FirestoreStoreBuilder, ConnectError> {
        FirestoreStoreBuilder::new(url)
    }
}

/// The settings of a [`FirestoreStore`]; see [`FirestoreStore::builder`].
///
/// ```no_run
/// use certsession_firestore::{Credentials, FirestoreStore};
/// use std::time::Duration;
///
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// let store = FirestoreStore::builder("firestore://shop/sessions-eu")?
///     .credentials(Credentials::service_account("sessions.json")?)
///     .timeout(Duration::from_secs(2))
///     .connections(4)
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder connects to nothing until `connect` is called"]
#[derive(Debug)]
pub struct FirestoreStoreBuilder {
    target: Target,
    credentials: Option<Credentials>,
    endpoint: Option<String>,
    authority: Option<Vec<u8>>,
    timeout: Duration,
    connections: usize,
    watch_interval: Duration,
}

impl FirestoreStoreBuilder {
    pub(crate) fn new(url: &str) -> Result<Self, ConnectError> {
        Ok(Self {
            target: Target::parse(url)?,
            credentials: None,
            endpoint: None,
            authority: None,
            timeout: DEFAULT_TIMEOUT,
            connections: DEFAULT_CONNECTIONS,
            watch_interval: DEFAULT_WATCH_INTERVAL,
        })
    }

    /// By what the database knows the application. Default: [`Credentials::from_environment`];
    /// of an emulator, its administrator.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Where Firestore is: a regional or a private endpoint. Default:
    /// `https://firestore.googleapis.com`.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// The authorities that the endpoint's certificate may come from, in PEM. Default: those that
    /// the system trusts.
    pub fn tls_authority_pem(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.authority = Some(certificates.into());
        self
    }

    /// The collection of the sessions. Applications of one collection share their sessions.
    /// Default: what the URL says, or `certsession`.
    pub fn collection(mut self, name: impl Into<String>) -> Self {
        self.target.collection = name.into();
        self
    }

    /// How long one call waits for the database, with its repetitions and the token. What takes
    /// longer is a failure, and the client of the application is told 503. A call that may be sent
    /// again is sent again after half of it. Default: five seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many connections each thread has. Its calls share them in turn, and each carries about
    /// a hundred calls at once. The streams by which ends on other nodes are heard have connections
    /// of their own. Default: one.
    pub const fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// How often each who watches a session looks at it by itself, whether or not changes are
    /// reported: an end whose report is lost stays unnoticed for so long at the most. Each look is a
    /// read that is paid for: by default 2,880 a day for each open connection that watches. Default:
    /// 30 seconds.
    pub fn watch_interval(mut self, interval: Duration) -> Self {
        self.watch_interval = interval;
        self
    }

    /// The store. It asks once whether the database can be used; later each thread connects by
    /// itself whenever it has to.
    ///
    /// # Errors
    ///
    /// If a name cannot be one, if there are no credentials, if nothing answers within the time-out,
    /// if the credentials may not read and write, or if there is no such database in Native mode.
    pub async fn connect(self) -> Result<FirestoreStore, ConnectError> {
        let target = &self.target;
        if let Some(reason) = target.fault() {
            let url = format!("firestore://{}/{}", target.project, target.database);
            return Err(ConnectError::InvalidUrl { url, reason });
        }
        let credentials = match (&self.credentials, &target.emulator) {
            (Some(credentials), _) => credentials.clone(),
            (None, Some(_)) => Credentials::emulator(),
            (None, None) => Credentials::from_environment()?,
        };
        let (endpoint, is_emulator) = match (&self.endpoint, &target.emulator) {
            (Some(endpoint), emulator) => (endpoint.clone(), emulator.is_some()),
            (None, Some(host)) => (format!("http://{host}"), true),
            (None, None) => (ENDPOINT.to_owned(), false),
        };
        let connection = self.connection(&endpoint)?;
        let layout = Layout::new(&target.project, &target.database, &target.collection);
        let resource = header(&layout.database)?;
        let (project, database) = (&target.project, &target.database);
        let routing = header(&format!("project_id={project}&database_id={database}"))?;
        let tokens = Tokens::new(credentials.into_source());
        // On a machine without credentials the error says so, and not that the database refuses it.
        let waited = self.timeout;
        let token = timeout(waited, tokens.bearer()).await;
        token.map_err(|_| CredentialsError::NoAnswer { waited })??;
        let client = Client::new(
            [
                Connections::new(connection.clone(), self.connections),
                Connections::for_streams(connection),
            ],
            tokens,
            layout,
            [resource, routing],
            self.timeout,
        );
        set_up::check(&client, &endpoint).await?;
        if !is_emulator {
            set_up::check_ttl_policy(&client, project, database).await;
        }
        Ok(FirestoreStore::over(client, self.watch_interval))
    }

    fn connection(&self, endpoint: &str) -> Result<Endpoint, ConnectError> {
        let fault = |error: tonic::transport::Error| ConnectError::Endpoint {
            endpoint: endpoint.to_owned(),
            reason: std::error::Error::source(&error)
                .map_or_else(|| error.to_string(), ToString::to_string),
        };
        let connection = Endpoint::from_shared(endpoint.to_owned()).map_err(fault)?;
        let connection = connection
            .connect_timeout(self.timeout)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(self.timeout);
        if !endpoint.starts_with("https://") {
            return Ok(connection);
        }
        let tls = match &self.authority {
            Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
            None => ClientTlsConfig::new().with_native_roots(),
        };
        connection.tls_config(tls).map_err(fault)
    }
}

fn header(text: &str) -> Result<MetadataValue<Ascii>, ConnectError> {
    text.parse().map_err(|_| ConnectError::InvalidUrl {
        url: text.to_owned(),
        reason: "its names have characters that no name has".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::{AccessToken, TokenSource};
    use std::pin::Pin;

    #[derive(Debug)]
    struct Hangs;

    impl TokenSource for Hangs {
        fn token(
            &self,
        ) -> Pin<Box<dyn Future<Output = Result<AccessToken, CredentialsError>> + Send + '_>>
        {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn a_start_waits_for_a_token_no_longer_than_the_time_out() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        let limit = Duration::from_secs(2);
        let error = runtime.block_on(async {
            let settings = FirestoreStore::builder("firestore://shop").unwrap();
            let settings = settings.credentials(Credentials::source(Hangs));
            let opened = timeout(2 * limit, settings.timeout(limit).connect()).await;
            opened.unwrap().unwrap_err()
        });
        match error {
            ConnectError::Credentials(CredentialsError::NoAnswer { waited }) => {
                assert_eq!(waited, limit);
            }
            other => panic!("{other}"),
        }
    }
}

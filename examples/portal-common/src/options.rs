//! The flags, and the configuration that they result in.

use std::error::Error;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use certs_dev::Pki;
use certsession_core::{
    Admission, BindingPolicy, IdentityName, Lifetimes, RevocationList, SessionManager, SessionStore,
};
use certsession_http::{CrossSiteGuard, InvalidOrigin, TrustedProxies};
use certsession_tls::{ClientAuth, MutualTls, MutualTlsBuilder, MutualTlsError, Resumption};
use clap::{Parser, ValueEnum};

use crate::proxy::ProxyOptions;
use crate::store::{RedisOptions, Store};

/// Where a portal listens.
#[derive(Debug)]
pub enum Socket {
    /// For clients.
    Direct {
        /// The address.
        addr: String,
        /// TLS with the clients.
        tls: MutualTls,
    },
    /// For a proxy.
    Proxy {
        /// The address.
        addr: String,
        /// TLS with the proxy.
        tls: MutualTls,
        /// Who the proxy is.
        proxies: TrustedProxies,
    },
    /// For a proxy, on a Unix socket.
    Unix {
        /// Where the socket is made.
        path: PathBuf,
        /// The dialect of the proxy.
        proxies: TrustedProxies,
    },
}

/// Certificate-bound sessions to try out and to test: a small portal with a JSON interface.
#[derive(Debug, Parser)]
#[command(name = "portal")]
pub(crate) struct Options {
    /// The address to listen on; port 0 selects a free one.
    #[arg(long, default_value = "127.0.0.1:8443")]
    pub(crate) addr: String,

    /// The session store: `memory`, the URL of a Redis server (redis://, rediss://,
    /// redis+unix://, redis-cluster:// or redis-sentinel://), or of a Firestore database:
    /// firestore://PROJECT[/DATABASE][?collection=NAME&emulator=HOST:PORT].
    #[arg(long, value_name = "STORE", default_value = "memory")]
    pub(crate) store: Store,

    #[command(flatten)]
    pub(crate) redis: RedisOptions,

    #[command(flatten)]
    proxy: ProxyOptions,

    /// The CAs that client certificates are verified against [default, without a proxy: ca.pem of the
    /// folder of --certs].
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,

    /// The TLS stack.
    #[arg(long, default_value = "rustls")]
    tls: Tls,

    /// The folder with ca.pem, server.pem and server.key. By default certs-dev/out is used, and
    /// minted if necessary.
    #[arg(long, value_name = "DIR")]
    certs: Option<PathBuf>,

    /// Whether a client may connect without a certificate.
    #[arg(long, default_value = "required")]
    client_auth: Auth,

    /// Which certificates may use a session.
    #[arg(long, default_value = "certificate")]
    binding: Binding,

    /// A file with revocation lists, PEM or DER; the portal reloads it when it changes.
    #[arg(long, value_name = "FILE")]
    crl: Option<PathBuf>,

    /// Whether a client may resume a TLS session: `on` with tickets, `cache` with the server's
    /// memory.
    #[arg(long, default_value = "off")]
    resumption: Resume,

    /// The idle timeout [default: 1800].
    #[arg(long, value_name = "SECONDS")]
    idle: Option<NonZeroU64>,

    /// The absolute timeout [default: 43200].
    #[arg(long, value_name = "SECONDS")]
    absolute: Option<NonZeroU64>,

    /// The age at which a token is renewed [default: 900].
    #[arg(long, value_name = "SECONDS")]
    renewal: Option<NonZeroU64>,

    /// How long a renewed token is still accepted [default: 30].
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u64>,

    /// How many sessions a principal may have; one more ends the oldest [default: no limit].
    #[arg(long, value_name = "N")]
    max_sessions: Option<NonZeroU32>,

    /// An origin whose pages may make requests, besides the portal's own: https://HOST[:PORT]. For a
    /// proxy in front that changes the Host field. May be repeated.
    #[arg(long, value_name = "ORIGIN")]
    own_origin: Vec<String>,

    /// How the log is written to standard error. RUST_LOG selects what is logged.
    #[arg(long, default_value = "text")]
    pub(crate) log: LogFormat,

    /// Adds routes for tests: GET /slow, GET /slow/waiting, POST /slow/release and
    /// POST /sign-out-fail.
    #[arg(long)]
    pub(crate) lab: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tls {
    Rustls,
    Openssl,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for a log processor.
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Auth {
    Required,
    Optional,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Binding {
    Certificate,
    PublicKey,
    /// The SPIFFE id.
    Identity,
    /// The DNS name.
    DnsName,
    /// The e-mail address.
    Email,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Resume {
    Off,
    On,
    Cache,
}

impl Options {
    pub(crate) fn rules<S: SessionStore>(
        &self,
        store: S,
        revocations: &RevocationList,
    ) -> Result<SessionManager<S>, Box<dyn Error>> {
        let mut lifetimes = Lifetimes::default();
        if let Some(idle) = self.idle {
            lifetimes = lifetimes.with_idle(seconds(idle))?;
        }
        if let Some(absolute) = self.absolute {
            lifetimes = lifetimes.with_absolute(seconds(absolute))?;
        }
        if let Some(renewal) = self.renewal {
            lifetimes = lifetimes.with_renewal(seconds(renewal))?;
        }
        if let Some(grace) = self.grace {
            lifetimes = lifetimes.with_grace(Duration::from_secs(grace));
        }
        let mut rules = SessionManager::builder(store)
            .lifetimes(lifetimes)
            .revocations(revocations)
            .binding(match self.binding {
                Binding::Certificate => BindingPolicy::Certificate,
                Binding::PublicKey => BindingPolicy::PublicKey,
                Binding::Identity => BindingPolicy::Identity(IdentityName::SpiffeId),
                Binding::DnsName => BindingPolicy::Identity(IdentityName::DnsName),
                Binding::Email => BindingPolicy::Identity(IdentityName::EmailAddress),
            });
        if let Some(limit) = self.max_sessions {
            rules = rules.admission(Admission::at_most(limit));
        }
        Ok(rules.build())
    }

    pub(crate) fn cross_site_guard(&self) -> Result<CrossSiteGuard, InvalidOrigin> {
        let mut origins = self.own_origin.iter();
        origins.try_fold(CrossSiteGuard::new(), |guard, origin| {
            guard.own_origin(origin)
        })
    }

    /// Where to listen, and who the peers of requests are.
    pub(crate) fn socket(&self, revocations: &RevocationList) -> Result<Socket, Box<dyn Error>> {
        if !self.proxy.is_proxy()? {
            return Ok(Socket::Direct {
                addr: self.addr.clone(),
                tls: self.build(self.direct_tls(revocations)?)?,
            });
        }
        let mut clients = MutualTls::builder().revocations(revocations);
        if let Some(file) = &self.client_ca {
            clients = clients.client_ca_file(file);
        }
        let clients = self.with_crl(clients);
        let verifier = match (&self.client_ca, self.tls) {
            (None, _) => return Err(ProxyOptions::NO_CLIENT_CA.into()),
            (_, Tls::Rustls) => clients.build_rustls_chain_verifier()?,
            (_, Tls::Openssl) => clients.build_openssl_chain_verifier()?,
        };
        let proxies = self.proxy.trusted(verifier)?;
        if let Some(path) = self.proxy.unix() {
            let path = path.to_owned();
            return Ok(Socket::Unix { path, proxies });
        }
        let hop = self.identity(MutualTls::builder())?;
        let hop = self.proxy.let_in(hop, self.client_ca.as_deref())?;
        Ok(Socket::Proxy {
            addr: self.addr.clone(),
            tls: self.build(hop)?,
            proxies,
        })
    }

    fn direct_tls(&self, revocations: &RevocationList) -> Result<MutualTlsBuilder, Box<dyn Error>> {
        let client_ca = match &self.client_ca {
            Some(file) => file.clone(),
            None => self.folder()?.join("ca.pem"),
        };
        let builder = self
            .identity(MutualTls::builder())?
            .client_ca_file(client_ca)
            .client_auth(match self.client_auth {
                Auth::Required => ClientAuth::Required,
                Auth::Optional => ClientAuth::Optional,
            })
            .resumption(match self.resumption {
                Resume::Off => Resumption::Off,
                Resume::On => Resumption::Tickets,
                Resume::Cache => Resumption::Cache,
            })
            .revocations(revocations);
        Ok(self.with_crl(builder))
    }

    fn with_crl(&self, builder: MutualTlsBuilder) -> MutualTlsBuilder {
        match &self.crl {
            Some(file) => builder.crl_file(file),
            None => builder,
        }
    }

    fn identity(&self, builder: MutualTlsBuilder) -> Result<MutualTlsBuilder, Box<dyn Error>> {
        let dir = self.folder()?;
        Ok(builder.server_identity_files(dir.join("server.pem"), dir.join("server.key")))
    }

    fn folder(&self) -> Result<PathBuf, Box<dyn Error>> {
        Ok(match &self.certs {
            Some(dir) => dir.clone(),
            None => Pki::ensure("certs-dev/out")?.dir().to_owned(),
        })
    }

    fn build(&self, builder: MutualTlsBuilder) -> Result<MutualTls, MutualTlsError> {
        match self.tls {
            Tls::Rustls => builder.build_rustls(),
            Tls::Openssl => builder.build_openssl(),
        }
    }
}

fn seconds(seconds: NonZeroU64) -> Duration {
    Duration::from_secs(seconds.get())
}

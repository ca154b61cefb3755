//! A client with one certificate and one cookie.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Method, RequestBuilder};
use rustls::client::{ResolvesClientCert, WantsClientCert};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, SignatureScheme, SupportedProtocolVersion,
};
use serde_json::Value;

use crate::certificates::Client;
use crate::hang_up::HangUp;
use crate::ledger;
use crate::transport::Http;

/// The name of the session cookie.
const COOKIE_NAME: &str = "__Host-session";

/// A client that keeps the session cookie like a browser. It also keeps its connection open.
#[derive(Clone)]
pub struct Browser {
    client: reqwest::Client,
    tls: Arc<ClientConfig>,
    http: Http,
    address: SocketAddr,
    base: String,
    cookie: Arc<Mutex<Option<String>>>,
}

/// The response to a request.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body, as text.
    pub body: String,
}

impl Browser {
    /// Creates a browser for the server at this address, whose certificate this authority has
    /// issued.
    pub fn new(address: SocketAddr, authority: &[u8], client: Option<&Client>, http: Http) -> Self {
        Self::over(address, tls(authority, client, http), http)
    }

    fn over(address: SocketAddr, tls: ClientConfig, http: Http) -> Self {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            // A redirect is an answer: the test looks at it, and follows it with the cookie.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30));
        let builder = match http {
            Http::One => builder.http1_only(),
            Http::Two => builder.http2_prior_knowledge(),
        };
        Self {
            client: builder.build().unwrap(),
            tls: Arc::new(tls),
            http,
            address,
            base: format!("https://localhost:{}", address.port()),
            cookie: Arc::default(),
        }
    }

    /// Creates a browser that uses only this TLS version and counts how often it sends its
    /// certificate: once in each full handshake, and never when it resumes a session.
    pub fn counting(
        address: SocketAddr,
        authority: &[u8],
        client: &Client,
        http: Http,
        version: &'static SupportedProtocolVersion,
    ) -> (Self, Shown) {
        let shown = Shown::default();
        let resolver = Counting {
            inner: certified_key(client),
            shown: shown.clone(),
        };
        let builder = tls_builder(authority, &[version]);
        let mut tls = builder.with_client_cert_resolver(Arc::new(resolver));
        tls.alpn_protocols = alpn(http);
        (Self::over(address, tls, http), shown)
    }

    /// Creates the same browser without its connection and its cookie: it resumes its TLS session
    /// if possible.
    #[must_use]
    pub fn reconnecting(&self) -> Self {
        Self::over(self.address, ClientConfig::clone(&self.tls), self.http)
    }

    /// Creates the same browser, with its cookie, for the server at another address.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        let browser = Self::over(address, ClientConfig::clone(&self.tls), self.http);
        browser.set_cookie(self.cookie());
        browser
    }

    /// The TLS configuration, for another kind of client.
    pub fn tls(&self) -> &Arc<ClientConfig> {
        &self.tls
    }

    /// The server's address.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a GET request.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a DELETE request.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Sends a POST request without a body.
    pub async fn post(&self, path: &str) -> Reply {
        self.send(self.request(Method::POST, path)).await
    }

    /// Sends a PUT request with JSON.
    pub async fn put(&self, path: &str, json: Value) -> Reply {
        self.send(self.request(Method::PUT, path).body(json.to_string()))
            .await
    }

    /// Signs in, and carries these keys over.
    pub async fn sign_in(&self, principal: &str, carry: &[&str]) -> Reply {
        let body = serde_json::json!({ "principal": principal, "carry": carry });
        let request = self
            .request(Method::POST, "/sign-in")
            .header("content-type", "application/json");
        self.send(request.body(body.to_string())).await
    }

    /// A request without the cookie, for the test to complete and send with [`send`](Self::send).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Sends a request with the cookie, if there is one, and keeps the cookie of the response.
    ///
    /// # Panics
    ///
    /// If there is no response.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        self.try_send(request).await.unwrap()
    }

    /// Like [`send`](Self::send), if the test expects that there may be no response.
    ///
    /// # Errors
    ///
    /// If there is no response.
    pub async fn try_send(&self, request: RequestBuilder) -> Result<Reply, reqwest::Error> {
        let request = match self.cookie() {
            Some(cookie) => request.header(COOKIE, format!("{COOKIE_NAME}={cookie}")),
            None => request,
        };
        let response = request.send().await?;
        self.keep_cookie(response.headers());
        Ok(Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await?,
        })
    }

    /// Sends a request without a body. The client hangs up when the returned value is dropped.
    ///
    /// # Panics
    ///
    /// If there is no connection or no cookie.
    pub fn send_to_hang_up(&self, method: Method, path: &str) -> HangUp {
        let cookie = format!("{COOKIE_NAME}={}", self.stolen_cookie());
        match self.http {
            Http::One => HangUp::over_http1(self.address, &self.tls, &method, path, &cookie),
            Http::Two => {
                let this = self.clone();
                let request = self.request(method, path);
                HangUp::over_http2(async move { this.try_send(request).await })
            }
        }
    }

    /// The cookie's value.
    pub fn cookie(&self) -> Option<String> {
        self.cookie.lock().unwrap().clone()
    }

    /// Sets or removes the browser's cookie.
    pub fn set_cookie(&self, value: Option<String>) {
        if let Some(value) = &value {
            ledger::record_secret(value);
        }
        *self.cookie.lock().unwrap() = value;
    }

    /// The cookie, for a thief.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn stolen_cookie(&self) -> String {
        self.cookie().expect("there is a session to steal")
    }

    fn keep_cookie(&self, headers: &HeaderMap) {
        for field in headers.get_all(SET_COOKIE) {
            let text = field.to_str().unwrap();
            let (pair, _) = text.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert_eq!(name, COOKIE_NAME);
            self.set_cookie((!value.is_empty()).then(|| value.to_owned()));
        }
    }
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If the body is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The token that the response sets; the empty text if the response removes the cookie.
    pub fn set_cookie(&self) -> Option<String> {
        let field = self.headers.get(SET_COOKIE)?.to_str().unwrap();
        let (pair, _) = field.split_once(';').unwrap();
        Some(pair.split_once('=').unwrap().1.to_owned())
    }
}

fn tls(authority: &[u8], client: Option<&Client>, http: Http) -> ClientConfig {
    let builder = tls_builder(authority, rustls::DEFAULT_VERSIONS);
    let mut config = match client {
        // Not `with_client_auth_cert`, which refuses to send certificates that it cannot parse.
        Some(client) => builder.with_client_cert_resolver(Arc::new(certified_key(client))),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = alpn(http);
    config
}

fn tls_builder(
    authority: &[u8],
    versions: &[&'static SupportedProtocolVersion],
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.to_vec())).unwrap();
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
}

fn alpn(http: Http) -> Vec<Vec<u8>> {
    vec![match http {
        Http::One => b"http/1.1".to_vec(),
        Http::Two => b"h2".to_vec(),
    }]
}

/// Counts how often a certificate was sent.
#[derive(Clone, Debug, Default)]
pub struct Shown(Arc<AtomicUsize>);

impl Shown {
    /// The number until now.
    pub fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(Debug)]
struct Counting {
    inner: SingleCertAndKey,
    shown: Shown,
}

impl ResolvesClientCert for Counting {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.shown.0.fetch_add(1, Ordering::SeqCst);
        self.inner.resolve(hints, schemes)
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn certified_key(client: &Client) -> SingleCertAndKey {
    let key = ring::default_provider()
        .key_provider
        .load_private_key(client.private_key())
        .unwrap();
    CertifiedKey::new(client.chain(), key).into()
}

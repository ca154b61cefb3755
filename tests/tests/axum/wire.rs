//! `serve` in the test's own runtime, and clients that speak TLS and no HTTP of their own accord.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use certsession_axum::{MutualTlsBuilder, Serve, serve};
use certsession_tests::{Browser, Certificates, Client, Http, Stack};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A server that runs until it is dropped.
pub(crate) struct Host {
    certificates: Certificates,
    pub(crate) address: SocketAddr,
    pub(crate) task: JoinHandle<()>,
}

impl Host {
    /// Serves the application over this stack, as `set` says.
    pub(crate) async fn start(
        stack: Stack,
        app: Router,
        set: impl FnOnce(Serve<Router>) -> Serve<Router>,
    ) -> Self {
        Self::start_with(stack, app, |tls| tls, set).await
    }

    /// The same with TLS as `set_tls` says.
    pub(crate) async fn start_with(
        stack: Stack,
        app: Router,
        set_tls: impl FnOnce(MutualTlsBuilder) -> MutualTlsBuilder,
        set: impl FnOnce(Serve<Router>) -> Serve<Router>,
    ) -> Self {
        let certificates = Certificates::new();
        let tls = stack.build(&set_tls(certificates.tls()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = set(serve(listener, tls, app));
        let task = tokio::spawn(async move { server.await.unwrap() });
        Self {
            certificates,
            address,
            task,
        }
    }

    /// Anything else that serves with these certificates.
    pub(crate) fn other(
        certificates: Certificates,
        address: SocketAddr,
        task: JoinHandle<()>,
    ) -> Self {
        Self {
            certificates,
            address,
            task,
        }
    }

    pub(crate) fn browser(&self, name: &str, http: Http) -> Browser {
        let client = self.certificates.client(name);
        let authority = self.certificates.authority().certificate_der();
        Browser::new(self.address, authority, Some(&client), http)
    }

    /// A browser with this client's certificate, or without one.
    pub(crate) fn browser_with(&self, client: Option<&Client>, http: Http) -> Browser {
        let authority = self.certificates.authority().certificate_der();
        Browser::new(self.address, authority, client, http)
    }

    /// The authority of its clients.
    pub(crate) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// A connection whose handshake is finished.
    pub(crate) async fn connect(&self, http: Http) -> TlsStream<TcpStream> {
        self.connect_as(&self.browser("alice", http)).await
    }

    /// The same with a browser's certificate.
    pub(crate) async fn connect_as(&self, browser: &Browser) -> TlsStream<TcpStream> {
        let config = Arc::clone(browser.tls());
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let name = "localhost".try_into().unwrap();
        TlsConnector::from(config).connect(name, tcp).await.unwrap()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How long it takes until the server closes the connection.
///
/// # Panics
///
/// If it does not within ten seconds.
pub(crate) async fn closed_after(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Duration {
    let began = Instant::now();
    let mut buffer = [0; 4096];
    let read_all = async { while stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {} };
    let closed = tokio::time::timeout(Duration::from_secs(10), read_all).await;
    closed.expect("the server did not close the connection");
    began.elapsed()
}

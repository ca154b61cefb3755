//! A server with mutual TLS, whose waits for a client are bounded.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum_core::BoxError;
use axum_core::body::Body;
use bytes::Bytes;
use certsession_core::SessionStore;
use certsession_http::{PeerSource, TrustedProxies};
use certsession_tls::{MutualTls, log_failed_handshake};
use http::{Request, Response};
use http_body::Body as HttpBody;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;

use super::activity::Timeouts;
use super::connection;
use super::handshakes::{self, Unfinished};
#[cfg(feature = "axum")]
use super::routes;
use super::socket::Socket;
use crate::layer::CertSessionLayer;

/// How long ends and sign-ins may take that are still in flight when the deadline of a shutdown has
/// passed.
const LAST_ENDS: Duration = Duration::from_secs(10);

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Drain = Box<dyn FnOnce(Duration) -> BoxFuture<bool> + Send>;

/// Serves an axum `Router`, or any other tower service, over mutual TLS.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use certsession_axum::{CertSessionLayer, MemoryStore, MutualTls, serve};
/// use tokio::net::TcpListener;
///
/// # async fn stop() {}
/// # async fn run(tls: MutualTls) -> std::io::Result<()> {
/// let sessions = CertSessionLayer::new(MemoryStore::new());
/// let app = Router::new().route("/", get(|| async { "hello" })).layer(sessions.clone());
/// let listener = TcpListener::bind("127.0.0.1:8443").await?;
/// serve(listener, tls, app)
///     .with_sessions(&sessions)
///     .with_graceful_shutdown(stop())
///     .await
/// # }
/// ```
///
/// - Handshakes run beside the loop that accepts connections, so that a client that stalls delays
///   no other.
/// - HTTP/2 or HTTP/1.1, as the client has chosen by ALPN, with WebSockets over both.
/// - Each request carries the peer of its connection for
///   [`CertSessionLayer`](crate::CertSessionLayer), and with the feature `axum` axum's
///   `ConnectInfo<SocketAddr>`.
///
/// | what a client may let the server wait for | default |
/// |---|---|
/// | the TLS handshake | 30 s ([`MutualTlsBuilder::handshake_timeout`](certsession_tls::MutualTlsBuilder::handshake_timeout)), and 4096 unfinished ones: the oldest is dropped for one more |
/// | the first byte after it | 30 s |
/// | the rest of a request's head, from its first byte | 30 s |
/// | the next request on a connection | 60 s |
/// | that it takes up more of a response | 60 s, the same setting |
///
/// The time of a request's body is the application's to bound, as only it knows what a request is:
/// by a layer such as tower-http's `RequestBodyTimeoutLayer`. Over HTTP/2 a client can hold back one
/// response by its window while it takes others: where that costs much, give the body's stream a
/// time of its own.
pub fn serve<S>(listener: TcpListener, tls: MutualTls, service: S) -> Serve<S> {
    let socket = Socket::Tcp(listener, tls, PeerSource::Connection);
    Serve::on(socket, service)
}

/// Serves a Unix socket for proxies, by HTTP/1.1 without TLS: the peer of a request is who its proxy
/// says. Otherwise as [`serve`].
///
/// ```no_run
/// # use axum::Router;
/// # use certsession_axum::{TrustedProxies, serve_unix};
/// # async fn run(app: Router, proxies: TrustedProxies) -> std::io::Result<()> {
/// let listener = tokio::net::UnixListener::bind("/run/app/proxy.sock")?;
/// serve_unix(listener, &proxies, app).await
/// # }
/// ```
#[cfg(unix)]
pub fn serve_unix<S>(
    listener: tokio::net::UnixListener,
    proxies: &TrustedProxies,
    service: S,
) -> Serve<S> {
    Serve::on(Socket::Unix(listener, proxies.clone()), service)
}

/// Serves **plain HTTP, for development without certificates**, on a loopback address alone. Everyone
/// on this machine is one and the same client, with a certificate that no one can present over TLS;
/// sessions work as with any certificate. The log says so as an error. Otherwise as [`serve`].
///
/// It is compiled into builds with debug assertions, and into others, such as release builds, only
/// with the feature `development-http`: call it under `#[cfg(debug_assertions)]`. It is an error if the
/// socket has another address than a loopback one. A request from elsewhere, one that a proxy has
/// forwarded, and one whose host is neither `localhost` nor a loopback address get a 403. The cookie
/// is as ever: browsers take it from `localhost`, but for Safari.
///
/// ```no_run
/// # use axum::Router;
/// # async fn run(app: Router) -> std::io::Result<()> {
/// #[cfg(debug_assertions)]
/// {
///     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
///     certsession_axum::serve_development_http(listener, app).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[cfg(any(debug_assertions, feature = "development-http"))]
pub fn serve_development_http<S>(listener: TcpListener, service: S) -> Serve<S> {
    Serve::on(Socket::Development(listener), service)
}

impl<S> Serve<S> {
    fn on(socket: Socket, service: S) -> Self {
        let handshake = match &socket {
            Socket::Tcp(_, tls, _) => tls.handshake_timeout(),
            // It has none.
            #[cfg(any(debug_assertions, feature = "development-http"))]
            Socket::Development(_) => Duration::MAX,
            #[cfg(unix)]
            Socket::Unix(..) => Duration::MAX,
        };
        Self {
            socket,
            service,
            timeouts: Timeouts::DEFAULT,
            handshakes: handshakes::Limits::within(handshake),
            shutdown: None,
            deadline: Duration::from_secs(30),
            drain: None,
        }
    }
}

/// A server that runs once it is awaited. Made by [`serve`].
#[must_use = "it does nothing until it is awaited"]
pub struct Serve<S> {
    socket: Socket,
    service: S,
    timeouts: Timeouts,
    handshakes: handshakes::Limits,
    shutdown: Option<BoxFuture<()>>,
    deadline: Duration,
    drain: Option<Drain>,
}

impl<S> Serve<S> {
    /// Serves proxies: the peer of a request is who its proxy says, and a request from another sender
    /// is refused. Default: the peer is that of the connection.
    pub fn behind_proxy(mut self, proxies: &TrustedProxies) -> Self {
        if let Socket::Tcp(_, _, source) = &mut self.socket {
            *source = PeerSource::Proxy(proxies.clone());
        }
        self
    }

    /// How many handshakes may be unfinished at a time: for one more, the oldest is dropped. A small
    /// number lets a few slow clients shut the others out. Default: 4096.
    pub fn with_max_handshakes(mut self, most: usize) -> Self {
        self.handshakes.most = most.max(1);
        self
    }

    /// How long a client may be silent after its handshake. Default: 30 seconds.
    pub fn with_first_byte_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.first_byte = timeout;
        self
    }

    /// How long the head of a request may take from its first byte. Over HTTP/2 it bounds the first
    /// request of a connection; a later one is bounded by the idle timeout. Default: 30 seconds.
    pub fn with_header_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.header = timeout;
        self
    }

    /// How long a connection may wait for the next request, and how long a client may take up nothing
    /// of what is sent to it. Default: 60 seconds.
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.idle = timeout;
        self
    }

    /// Shuts down when `signal` resolves: no connection is accepted any more, the requests that are
    /// in progress are finished, and then the returned future resolves. A WebSocket is not waited
    /// for: over HTTP/1.1 it is a task of the application's own by then, over HTTP/2 it ends with its
    /// connection. Default: never.
    pub fn with_graceful_shutdown(
        mut self,
        signal: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        self.shutdown = Some(Box::pin(signal));
        self
    }

    /// How long a shutdown waits for requests, before it drops them. Default: 30 seconds.
    pub fn with_shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Lets a shutdown wait, after the requests, for the ends and sign-ins of these sessions that are
    /// in flight: until the deadline, and at least 10 seconds. It is
    /// [`CertSessionLayer::drain`](crate::CertSessionLayer::drain).
    pub fn with_sessions<T: SessionStore>(mut self, sessions: &CertSessionLayer<T>) -> Self {
        let sessions = sessions.clone();
        let before = self.drain.take();
        self.drain = Some(Box::new(move |at_most| {
            Box::pin(async move {
                let first = match before {
                    Some(before) => before(at_most).await,
                    None => true,
                };
                sessions.drain(at_most).await && first
            })
        }));
        self
    }
}

impl<S, R> IntoFuture for Serve<S>
where
    S: Service<Request<Body>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Output = io::Result<()>;
    type IntoFuture = BoxFuture<io::Result<()>>;

    /// Serves until it is shut down.
    ///
    /// The error is that the crate's feature for the TLS stack is off. A connection that cannot be
    /// accepted is in the log, and no end of the server.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(run(self))
    }
}

async fn run<S, R>(server: Serve<S>) -> io::Result<()>
where
    S: Service<Request<Body>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let (listener, connector) = server.socket.open()?;
    let connector = Arc::new(connector);
    #[cfg(feature = "axum")]
    let service = routes::made_once(server.service);
    #[cfg(not(feature = "axum"))]
    let service = server.service;
    let unfinished = Unfinished::new(server.handshakes);
    let (all_gone, alive) = watch::channel(());
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = server
        .shutdown
        .unwrap_or_else(|| Box::pin(std::future::pending()));

    loop {
        let accepted = tokio::select! {
            accepted = listener.accept(&unfinished) => accepted,
            () = &mut shutdown => break,
        };
        while connections.try_join_next().is_some() {}
        let address = accepted.address();
        let connector = Arc::clone(&connector);
        let slot = unfinished.begin();
        let service = service.clone();
        let (alive, mut stopping) = (alive.clone(), stopping.clone());
        let timeouts = server.timeouts;
        connections.spawn(async move {
            let secured = tokio::select! {
                secured = slot.run(connector.connect(accepted)) => secured,
                // Nothing is lost: no request has come.
                _ = stopping.wait_for(|stopping| *stopping) => None,
            };
            match secured {
                Some(Ok(stream)) => {
                    connection::serve(stream, address, service, timeouts, alive, stopping).await;
                }
                Some(Err(error)) => match &address {
                    Some(address) => log_failed_handshake(&error, address),
                    None => log_failed_handshake(&error, &"a proxy on a Unix socket"),
                },
                None => {}
            }
        });
    }

    drop(listener);
    drop(alive);
    stop.send_replace(true);
    // `None`: however long it takes.
    let deadline = Instant::now().checked_add(server.deadline);
    let mut left = server.deadline;
    if let Some(deadline) = deadline
        && timeout_at(deadline, all_gone.closed()).await.is_err()
    {
        tracing::warn!(
            target: "certsession",
            "requests were dropped that had not ended by the deadline of the shutdown",
        );
        connections.abort_all();
        // What the requests over HTTP/2 run in ends after the connection, and may begin an end.
        let last = Instant::now() + LAST_ENDS;
        let _ = timeout_at(last, all_gone.closed()).await;
        left = last.saturating_duration_since(Instant::now());
    } else {
        all_gone.closed().await;
        if let Some(deadline) = deadline {
            left = deadline
                .saturating_duration_since(Instant::now())
                .max(LAST_ENDS);
        }
    }
    connections.shutdown().await;
    if let Some(drain) = server.drain
        && !drain(left).await
    {
        tracing::error!(
            target: "certsession",
            "the server stops although ends or sign-ins are still in flight",
        );
    }
    Ok(())
}

impl<S> fmt::Debug for Serve<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("socket", &self.socket)
            .field("timeouts", &self.timeouts)
            .field("handshakes", &self.handshakes)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

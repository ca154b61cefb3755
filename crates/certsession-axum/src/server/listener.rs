//! Mutual TLS for `axum::serve`.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, pending, ready};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::ConnectInfo;
use axum::serve::{IncomingStream, Listener};
use certsession_http::{PeerSource, TrustedProxies};
use certsession_tls::{MutualTls, log_failed_handshake};
use http::Request;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tower_service::Service;

use super::accept::accept;
use super::handshakes::{Acceptor, Limits, Unfinished};
use super::routes;
use super::stream::MutualTlsStream;
use crate::peer::Captured;

/// How many finished connections may wait for `axum::serve` to take them.
const FINISHED: usize = 256;

/// A listener with mutual TLS for `axum::serve`.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use certsession_axum::{
///     CertSessionLayer, IntoMakeServiceWithPeer, MemoryStore, MutualTls, MutualTlsListener,
/// };
/// use tokio::net::TcpListener;
///
/// # async fn run(tls: MutualTls) -> std::io::Result<()> {
/// let sessions = CertSessionLayer::new(MemoryStore::new());
/// let app: Router = Router::new().route("/", get(|| async { "hello" })).layer(sessions);
/// let listener = TcpListener::bind("127.0.0.1:8443").await?;
/// let listener = MutualTlsListener::new(listener, tls)?;
/// axum::serve(listener, app.into_make_service_with_peer()).await
/// # }
/// ```
///
/// `into_make_service_with_peer` hands the peer of each connection to its requests; without it each
/// is a 500, and an error in the log.
///
/// # What it bounds, and what it cannot
///
/// Handshakes run beside `accept`, up to 4096 at a time and for as long as
/// [`MutualTlsBuilder::handshake_timeout`](certsession_tls::MutualTlsBuilder::handshake_timeout) says
/// (30 seconds), so that a client that stalls in its handshake delays no other. What comes after the handshake is `axum::serve`'s:
/// it sets no timer, so that a silent client, or half a request head, keeps its connection for as
/// long as it likes; and its shutdown has no deadline. [`serve`](crate::serve()) bounds all of that.
pub struct MutualTlsListener {
    finished: mpsc::Receiver<(MutualTlsStream, SocketAddr)>,
    address: SocketAddr,
}

impl MutualTlsListener {
    /// Accepts connections on `listener`, from now on, in a task of its own. Needs a Tokio runtime.
    /// Dropping it closes the socket.
    ///
    /// # Errors
    ///
    /// If the crate's feature for the TLS stack is off, or the socket has no address.
    pub fn new(listener: TcpListener, tls: MutualTls) -> io::Result<Self> {
        Self::with(listener, tls, PeerSource::Connection)
    }

    /// As [`new`](Self::new), for a socket whose connections come from proxies: the peer of a request
    /// is who its proxy says, and a request from another sender is refused.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn behind_proxy(
        listener: TcpListener,
        tls: MutualTls,
        proxies: &TrustedProxies,
    ) -> io::Result<Self> {
        Self::with(listener, tls, PeerSource::Proxy(proxies.clone()))
    }

    fn with(listener: TcpListener, tls: MutualTls, source: PeerSource) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let unfinished = Unfinished::new(Limits::within(tls.handshake_timeout()));
        let acceptor = Arc::new(Acceptor::new(tls, source)?);
        let (send, finished) = mpsc::channel(FINISHED);
        tokio::spawn(run(listener, acceptor, unfinished, send));
        Ok(Self { finished, address })
    }
}

async fn run(
    listener: TcpListener,
    acceptor: Arc<Acceptor>,
    unfinished: Unfinished,
    send: mpsc::Sender<(MutualTlsStream, SocketAddr)>,
) {
    loop {
        let (tcp, address) = tokio::select! {
            accepted = accept(&listener, &unfinished) => accepted,
            () = send.closed() => return,
        };
        let (acceptor, send) = (Arc::clone(&acceptor), send.clone());
        let slot = unfinished.begin();
        tokio::spawn(async move {
            let secured = tokio::select! {
                // The place is free only when the connection is taken: what waits is bounded too.
                secured = slot.run(async {
                    let stream = acceptor.handshake(tcp).await?;
                    // Where the listener is gone, so is the connection.
                    let _ = send.send((stream, address)).await;
                    Ok(())
                }) => secured,
                () = send.closed() => None,
            };
            if let Some(Err(error)) = secured {
                log_failed_handshake(&error, &address);
            }
        });
    }
}

impl Listener for MutualTlsListener {
    type Io = MutualTlsStream;
    type Addr = SocketAddr;

    /// Safe to cancel: a connection that is not taken stays in the channel.
    async fn accept(&mut self) -> (MutualTlsStream, SocketAddr) {
        match self.finished.recv().await {
            Some(accepted) => accepted,
            // Its task ends with the runtime alone.
            None => pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl fmt::Debug for MutualTlsListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutualTlsListener")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Makes of a service what `axum::serve` needs to hand the peer of each connection to its requests.
pub trait IntoMakeServiceWithPeer: Sized {
    /// The service, for `axum::serve` with a [`MutualTlsListener`]. Each request carries the peer
    /// for [`CertSessionLayer`](crate::CertSessionLayer), and `ConnectInfo<SocketAddr>`.
    fn into_make_service_with_peer(self) -> PeerMakeService<Self>;
}

impl<S: Clone + 'static> IntoMakeServiceWithPeer for S {
    fn into_make_service_with_peer(self) -> PeerMakeService<Self> {
        PeerMakeService(routes::made_once(self))
    }
}

/// Makes the service of each connection. Made by
/// [`into_make_service_with_peer`](IntoMakeServiceWithPeer::into_make_service_with_peer).
#[derive(Clone, Debug)]
pub struct PeerMakeService<S>(S);

impl<S: Clone> Service<IncomingStream<'_, MutualTlsListener>> for PeerMakeService<S> {
    type Response = WithPeer<S>;
    type Error = Infallible;
    type Future = Ready<Result<WithPeer<S>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, stream: IncomingStream<'_, MutualTlsListener>) -> Self::Future {
        ready(Ok(WithPeer {
            inner: self.0.clone(),
            captured: Captured {
                peer: stream.io().peer(),
                address: Some(*stream.remote_addr()),
            },
        }))
    }
}

/// The service of one connection.
#[derive(Clone, Debug)]
pub struct WithPeer<S> {
    inner: S,
    captured: Captured,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for WithPeer<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let extensions = request.extensions_mut();
        if let Some(address) = self.captured.address {
            extensions.insert(ConnectInfo(address));
        }
        extensions.insert(self.captured.clone());
        self.inner.call(request)
    }
}

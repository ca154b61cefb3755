//! HTTP over one connection.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum_core::BoxError;
use axum_core::body::Body;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body as HttpBody;
use hyper::body::Incoming;
use hyper::server::conn::http1;
#[cfg(feature = "http2")]
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
#[cfg(feature = "http2")]
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::watch;
use tower_service::Service;

use super::activity::{Activity, Alive, Counted, InProgress, Late, Timeouts, Watched};
use super::stream::MutualTlsStream;
use crate::error::CertificateRefused;
use crate::peer::Captured;

/// How long a connection has to close after its client was told, or the server has stopped waiting.
const GRACE: Duration = Duration::from_secs(1);

/// How often a client of HTTP/2 is asked whether it is still there, and how long it may take to
/// answer: a WebSocket has no other sign.
#[cfg(feature = "http2")]
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Serves a connection until it is closed, times out, or the server shuts down.
pub(super) async fn serve<S, R>(
    stream: MutualTlsStream,
    address: Option<SocketAddr>,
    service: S,
    timeouts: Timeouts,
    alive: Alive,
    stopping: watch::Receiver<bool>,
) where
    S: Service<Request<Body>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let captured = Captured {
        peer: stream.peer(),
        address,
    };
    let is_http2 = stream.is_http2();
    tracing::trace!(target: "certsession::server", ?address, is_http2, "a connection is open");
    let activity = Activity::new(is_http2);
    let answers = {
        let activity = Arc::clone(&activity);
        service_fn(move |request| {
            answer(
                service.clone(),
                request,
                captured.clone(),
                activity.begin_request(alive.clone()),
            )
        })
    };
    let io = TokioIo::new(Watched {
        connection: stream,
        activity: Arc::clone(&activity),
    });
    #[cfg(feature = "http2")]
    if is_http2 {
        let mut http = http2::Builder::new(TokioExecutor::new());
        http.timer(TokioTimer::new())
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            // For WebSockets (RFC 8441).
            .enable_connect_protocol();
        let connection = http.serve_connection(io, answers);
        return drive(connection, &activity, timeouts, stopping).await;
    }
    let connection = http1::Builder::new().serve_connection(io, answers);
    drive(connection.with_upgrades(), &activity, timeouts, stopping).await;
}

async fn answer<S, R>(
    mut service: S,
    request: Request<Incoming>,
    captured: Captured,
    in_progress: InProgress,
) -> Result<Response<Counted>, Infallible>
where
    S: Service<Request<Body>, Response = Response<R>, Error = Infallible>,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let is_connect = request.method() == Method::CONNECT;
    let mut request = request.map(Body::new);
    let extensions = request.extensions_mut();
    #[cfg(feature = "axum")]
    if let Some(address) = captured.address {
        extensions.insert(axum::extract::ConnectInfo(address));
    }
    extensions.insert(captured);
    let Ok(()) = poll_fn(|context| service.poll_ready(context)).await;
    let Ok(response) = service.call(request).await;
    if response.extensions().get::<CertificateRefused>().is_some() {
        in_progress.activity().close_after_requests();
    }
    if is_connect && response.status().is_success() {
        in_progress.activity().mark_tunnel();
    }
    Ok(response.map(|body| Counted::new(Body::new(body), in_progress)))
}

/// A connection of either HTTP version.
trait Connection: Future<Output = Result<(), hyper::Error>> {
    fn stop(self: Pin<&mut Self>);
}

impl<I, S, B> Connection for http1::UpgradeableConnection<I, S>
where
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<BoxError>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    B: HttpBody + 'static,
    B::Error: Into<BoxError>,
{
    fn stop(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

#[cfg(feature = "http2")]
impl<I, S, B> Connection for http2::Connection<I, S, TokioExecutor>
where
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<BoxError>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: HttpBody + 'static,
    B::Error: Into<BoxError>,
    TokioExecutor: hyper::rt::bounds::Http2ServerConnExec<S::Future, B>,
{
    fn stop(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

async fn drive(
    connection: impl Connection,
    activity: &Activity,
    timeouts: Timeouts,
    mut stopping: watch::Receiver<bool>,
) {
    let mut connection = pin!(connection);
    let late = tokio::select! {
        ended = &mut connection => return log(ended),
        late = activity.timed_out(timeouts) => Some(late),
        () = activity.closed_after_requests() => None,
        _ = stopping.wait_for(|stopping| *stopping) => None,
    };
    if late == Some(Late::Reading) {
        // What is left will not be taken either.
        return;
    }
    // Requests that are in progress are finished; none begins.
    connection.as_mut().stop();
    if late.is_some() && activity.has_tunnel() {
        // It lasts as long as its WebSockets do, without any other request.
        tokio::select! {
            ended = &mut connection => return log(ended),
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }
    tokio::select! {
        ended = &mut connection => log(ended),
        // The client does not close it.
        () = activity.quiet(GRACE, timeouts) => {}
    }
}

fn log(ended: Result<(), hyper::Error>) {
    if let Err(error) = ended {
        tracing::trace!(target: "certsession", %error, "a connection ended");
    }
}

//! Binds an `HttpServer` with mutual TLS and the hook that captures the peer, in one call.

use std::any::Any;
use std::fmt;
use std::io;
use std::net::{TcpListener, ToSocketAddrs};

use actix_http::Request;
use actix_service::IntoServiceFactory;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Extensions, Response, Service, ServiceFactory};
use actix_web::{Error, HttpServer};
use certsession_http::TrustedProxies;
use certsession_tls::{MutualTls, PeerVerifier, ServerTls};

use crate::capture::{capture_peer, capture_proxy};

/// How many TLS handshakes a worker waits for at the same time: 8,192.
///
/// A handshake that waits for its client takes some tens of kilobytes, and no processor time.
pub const MAX_HANDSHAKES: usize = 8_192;

/// Adds mutual TLS to [`HttpServer`].
///
/// ```no_run
/// use actix_web::{App, HttpServer};
/// use certsession_actix::{BindMutualTls, MutualTls};
///
/// # #[cfg(feature = "rustls-0_23")]
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = MutualTls::builder()
///     .server_identity_files("certs/server.pem", "certs/server.key")
///     .client_ca_file("certs/ca.pem")
///     .build_rustls()?;
/// HttpServer::new(App::new)
///     .bind_mutual_tls(("127.0.0.1", 8443), tls)?
///     .run()
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// # Why one call
///
/// actix copies the `on_connect` hook when a socket is bound: a hook that is set afterwards is
/// ignored without a message, and no request would ever have a certificate. So both methods set
/// [`capture_peer`](crate::capture_peer) as the hook and bind right after. They also set
/// `tcp_nodelay(true)`, without which the first response on a fresh TLS connection can wait
/// 40 ms for the client's acknowledgement.
///
/// # Connections that say nothing
///
/// actix counts the TLS handshakes that a worker waits for, and accepts no connection at 256: with
/// that many silent connections on each worker, which cost a client nothing, every newcomer waits
/// until they are given up, three seconds later. So both methods raise the number to
/// [`MAX_HANDSHAKES`] for each worker: for all servers of the process, as actix has it. To choose
/// another, call [`HttpServer::max_connection_rate`] *after* binding.
///
/// What is left to you: a connection takes a file descriptor, so raise the limit of those (`ulimit
/// -n`, `LimitNOFILE=`) well above the connections that you expect, and limit the connections of one
/// address in front of the server (a firewall, a load balancer). `max_connections` (25,000 for each
/// worker) bounds all, [`HttpServer::tls_handshake_timeout`] (three seconds) how long a silent one
/// stays, and [`HttpServer::client_request_timeout`] (five seconds) how long one may say nothing
/// after its handshake.
///
/// # A hook of your own
///
/// A hook set before is **replaced**. To have both, take the configuration apart by
/// [`MutualTls::into_parts`], call [`capture_peer`](crate::capture_peer) within yours, set it before
/// binding, and bind with actix's own methods.
///
/// # Other sockets of the same server
///
/// The hook remains for what is bound afterwards. On a plain TCP socket there is no certificate
/// then, as without one over TLS.
pub trait BindMutualTls: Sized + sealed::Sealed {
    /// Resolves and binds `addrs`, all of them, with `tls`.
    ///
    /// # Errors
    ///
    /// As [`HttpServer::bind`]: an address cannot be resolved, or none can be bound.
    fn bind_mutual_tls(self, addrs: impl ToSocketAddrs, tls: MutualTls) -> io::Result<Self>;

    /// Serves `tls` on a socket that is bound already, for socket activation, or for a port
    /// that the system chooses. The socket is taken as it is.
    ///
    /// # Errors
    ///
    /// As [`HttpServer::listen`]: the system refuses to use the socket.
    fn listen_mutual_tls(self, listener: TcpListener, tls: MutualTls) -> io::Result<Self>;

    /// Resolves and binds `addrs` for proxies, which connect with `tls` and forward the certificates
    /// of their clients. Each request has the peer that its proxy names; one from another sender is
    /// refused.
    ///
    /// # Errors
    ///
    /// As [`bind_mutual_tls`](Self::bind_mutual_tls).
    fn bind_behind_proxy(
        self,
        addrs: impl ToSocketAddrs,
        tls: MutualTls,
        proxies: &TrustedProxies,
    ) -> io::Result<Self>;

    /// As [`bind_behind_proxy`](Self::bind_behind_proxy), on a socket that is bound already.
    ///
    /// # Errors
    ///
    /// As [`listen_mutual_tls`](Self::listen_mutual_tls).
    fn listen_behind_proxy(
        self,
        listener: TcpListener,
        tls: MutualTls,
        proxies: &TrustedProxies,
    ) -> io::Result<Self>;

    /// Serves a Unix socket for proxies, by HTTP/1.1 without TLS.
    ///
    /// # Errors
    ///
    /// If the system refuses to use the socket.
    #[cfg(unix)]
    fn listen_unix_behind_proxy(
        self,
        listener: std::os::unix::net::UnixListener,
        proxies: &TrustedProxies,
    ) -> io::Result<Self>;

    /// Serves **plain HTTP, for development without certificates**, on a loopback address alone.
    /// Everyone on this machine is one and the same client, with a certificate that no one can
    /// present over TLS; sessions work as with any certificate. The log says so as an error.
    ///
    /// It is compiled into builds with debug assertions, and into others, such as release builds,
    /// only with the feature `development-http`: call it under `#[cfg(debug_assertions)]`. A request
    /// from elsewhere, one that a proxy has forwarded, and one whose host is neither `localhost` nor
    /// a loopback address get a 403. The cookie is as ever: browsers take it from `localhost`, but
    /// for Safari.
    ///
    /// ```no_run
    /// # use actix_web::{App, HttpServer};
    /// # use certsession_actix::{BindMutualTls, MutualTls};
    /// # fn bind(tls: MutualTls) -> std::io::Result<()> {
    /// let server = HttpServer::new(App::new);
    /// #[cfg(debug_assertions)]
    /// let server = server.bind_development_http(("127.0.0.1", 8080))?;
    /// #[cfg(not(debug_assertions))]
    /// let server = server.bind_mutual_tls(("0.0.0.0", 443), tls)?;
    /// # drop(server);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If an address is no loopback address, and as [`HttpServer::bind`].
    #[cfg(any(debug_assertions, feature = "development-http"))]
    fn bind_development_http(self, addrs: impl ToSocketAddrs) -> io::Result<Self>;

    /// As [`bind_development_http`](Self::bind_development_http), on a socket that is bound already.
    ///
    /// # Errors
    ///
    /// If it is bound to an address that is no loopback address, and as [`HttpServer::listen`].
    #[cfg(any(debug_assertions, feature = "development-http"))]
    fn listen_development_http(self, listener: TcpListener) -> io::Result<Self>;
}

impl<F, I, S, B> BindMutualTls for HttpServer<F, I, S, B>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    fn bind_mutual_tls(self, addrs: impl ToSocketAddrs, tls: MutualTls) -> io::Result<Self> {
        bind(self, addrs, tls, capture_peer)
    }

    fn listen_mutual_tls(self, listener: TcpListener, tls: MutualTls) -> io::Result<Self> {
        listen(self, listener, tls, capture_peer)
    }

    fn bind_behind_proxy(
        self,
        addrs: impl ToSocketAddrs,
        tls: MutualTls,
        proxies: &TrustedProxies,
    ) -> io::Result<Self> {
        bind(self, addrs, tls, |verifier| {
            capture_proxy(verifier, proxies.clone())
        })
    }

    fn listen_behind_proxy(
        self,
        listener: TcpListener,
        tls: MutualTls,
        proxies: &TrustedProxies,
    ) -> io::Result<Self> {
        listen(self, listener, tls, |verifier| {
            capture_proxy(verifier, proxies.clone())
        })
    }

    #[cfg(unix)]
    fn listen_unix_behind_proxy(
        self,
        listener: std::os::unix::net::UnixListener,
        proxies: &TrustedProxies,
    ) -> io::Result<Self> {
        // There is no TLS on it that could be asked.
        let none = PeerVerifier::caller_vouches_for_full_handshakes();
        self.on_connect(capture_proxy(none, proxies.clone()))
            .listen_uds(listener)
    }

    #[cfg(any(debug_assertions, feature = "development-http"))]
    fn bind_development_http(self, addrs: impl ToSocketAddrs) -> io::Result<Self> {
        let addresses: Vec<_> = addrs.to_socket_addrs()?.collect();
        certsession_http::announce_development(&addresses)?;
        self.on_connect(crate::capture::capture_development)
            .bind(&addresses[..])
    }

    #[cfg(any(debug_assertions, feature = "development-http"))]
    fn listen_development_http(self, listener: TcpListener) -> io::Result<Self> {
        certsession_http::announce_development(&[listener.local_addr()?])?;
        self.on_connect(crate::capture::capture_development)
            .listen(listener)
    }
}

/// actix has a method of its own for each TLS stack, and a bound for each of its types.
macro_rules! bound {
    ($name:ident, $place:ident: $kind:ty, $rustls:ident, $openssl:ident) => {
        fn $name<F, I, S, B, H>(
            server: HttpServer<F, I, S, B>,
            $place: $kind,
            tls: MutualTls,
            hook: impl FnOnce(PeerVerifier) -> H,
        ) -> io::Result<HttpServer<F, I, S, B>>
        where
            F: Fn() -> I + Send + Clone + 'static,
            I: IntoServiceFactory<S, Request>,
            S: ServiceFactory<Request, Config = AppConfig> + 'static,
            S::Error: Into<Error> + 'static,
            S::InitError: fmt::Debug,
            S::Response: Into<Response<B>> + 'static,
            <S::Service as Service<Request>>::Future: 'static,
            S::Service: 'static,
            B: MessageBody + 'static,
            H: Fn(&dyn Any, &mut Extensions) + Send + Sync + 'static,
        {
            let timeout = tls.handshake_timeout();
            let (tls, verifier) = tls.with_alpn(PROTOCOLS).into_parts();
            let server = server
                .tcp_nodelay(true)
                .max_connection_rate(MAX_HANDSHAKES)
                .tls_handshake_timeout(timeout)
                .on_connect(hook(verifier));
            match tls {
                #[cfg(feature = "rustls-0_23")]
                ServerTls::Rustls(config) => server.$rustls($place, *config),
                #[cfg(feature = "openssl")]
                ServerTls::OpenSsl(acceptor) => server.$openssl($place, acceptor),
                _ => Err(unsupported()),
            }
        }
    };
}

bound!(bind, addrs: impl ToSocketAddrs, bind_rustls_0_23, bind_openssl);
bound!(listen, listener: TcpListener, listen_rustls_0_23, listen_openssl);

/// What actix sets for the context that it binds; a reload has to offer the same.
const PROTOCOLS: &[&str] = match cfg!(feature = "http2") {
    true => &["h2", "http/1.1"],
    false => &["http/1.1"],
};

fn unsupported() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "the feature of certsession-actix for this TLS stack is off: `rustls-0_23` or `openssl`",
    )
}

/// The trait is for `HttpServer` alone; so a method can be added without breaking anyone.
mod sealed {
    use super::{AppConfig, ServiceFactory, fmt};
    use super::{Error, HttpServer, IntoServiceFactory, MessageBody, Request, Response};

    pub trait Sealed {}

    impl<F, I, S, B> Sealed for HttpServer<F, I, S, B>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig>,
        S::Error: Into<Error>,
        S::InitError: fmt::Debug,
        S::Response: Into<Response<B>>,
        B: MessageBody,
    {
    }
}

//! What a server listens on: TCP with TLS, or a Unix socket for proxies.

use std::io;
use std::net::SocketAddr;

use certsession_http::PeerSource;
#[cfg(unix)]
use certsession_http::TrustedProxies;
use certsession_tls::MutualTls;
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

use super::accept::accept;
#[cfg(unix)]
use super::accept::accept_unix;
use super::handshakes::{Acceptor, Unfinished};
use super::stream::MutualTlsStream;

/// What connections are accepted on.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener, MutualTls, PeerSource),
    /// Plain HTTP, in development.
    #[cfg(any(debug_assertions, feature = "development-http"))]
    Development(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, TrustedProxies),
}

/// A connection that is accepted, before its handshake.
pub(super) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Accepted {
    pub(super) const fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(_, address) => Some(*address),
            #[cfg(unix)]
            Self::Unix(_) => None,
        }
    }
}

pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Listener {
    pub(super) async fn accept(&self, unfinished: &Unfinished) -> Accepted {
        match self {
            Self::Tcp(listener) => {
                let (tcp, address) = accept(listener, unfinished).await;
                Accepted::Tcp(tcp, address)
            }
            #[cfg(unix)]
            Self::Unix(listener) => Accepted::Unix(accept_unix(listener, unfinished).await),
        }
    }
}

/// What makes a connection of what is accepted.
pub(super) enum Connector {
    Tls(Acceptor),
    #[cfg(any(debug_assertions, feature = "development-http"))]
    Development,
    #[cfg(unix)]
    Unix(TrustedProxies),
}

impl Connector {
    pub(super) async fn connect(&self, accepted: Accepted) -> io::Result<MutualTlsStream> {
        match (self, accepted) {
            (Self::Tls(acceptor), Accepted::Tcp(tcp, _)) => acceptor.handshake(tcp).await,
            #[cfg(any(debug_assertions, feature = "development-http"))]
            (Self::Development, Accepted::Tcp(tcp, address)) => {
                Ok(MutualTlsStream::of_development(tcp, address.ip()))
            }
            #[cfg(unix)]
            (Self::Unix(proxies), Accepted::Unix(stream)) => {
                Ok(MutualTlsStream::of_unix(stream, proxies.clone()))
            }
            #[cfg(unix)]
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl Socket {
    /// Splits it into what accepts, and what makes connections of it.
    pub(super) fn open(self) -> io::Result<(Listener, Connector)> {
        Ok(match self {
            Self::Tcp(listener, tls, source) => {
                let acceptor = Acceptor::new(tls, source)?;
                (Listener::Tcp(listener), Connector::Tls(acceptor))
            }
            #[cfg(any(debug_assertions, feature = "development-http"))]
            Self::Development(listener) => {
                certsession_http::announce_development(&[listener.local_addr()?])?;
                (Listener::Tcp(listener), Connector::Development)
            }
            #[cfg(unix)]
            Self::Unix(listener, proxies) => (Listener::Unix(listener), Connector::Unix(proxies)),
        })
    }
}

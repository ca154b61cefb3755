//! A connection of either TLS stack.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

#[cfg(unix)]
use certsession_http::TrustedProxies;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use crate::peer::CapturedPeer;
#[cfg(unix)]
use crate::peer::Sender;

/// A TLS connection whose handshake is finished, as [`MutualTlsListener`](crate::MutualTlsListener)
/// hands it to `axum::serve`.
#[cfg_attr(not(feature = "axum"), allow(unreachable_pub, reason = "a listener's"))]
pub struct MutualTlsStream {
    inner: Inner,
    peer: CapturedPeer,
}

enum Inner {
    #[cfg(feature = "rustls-0_23")]
    Rustls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
    #[cfg(feature = "openssl")]
    OpenSsl(tokio_openssl::SslStream<TcpStream>),
    /// Only in development.
    #[cfg(any(debug_assertions, feature = "development-http"))]
    Plain(TcpStream),
    /// Only from a proxy.
    #[cfg(unix)]
    Unix(UnixStream),
}

impl MutualTlsStream {
    #[cfg(feature = "rustls-0_23")]
    pub(super) fn of_rustls(
        stream: tokio_rustls::server::TlsStream<TcpStream>,
        peer: CapturedPeer,
    ) -> Self {
        let inner = Inner::Rustls(Box::new(stream));
        Self { inner, peer }
    }

    #[cfg(feature = "openssl")]
    pub(super) fn of_openssl(
        stream: tokio_openssl::SslStream<TcpStream>,
        peer: CapturedPeer,
    ) -> Self {
        let inner = Inner::OpenSsl(stream);
        Self { inner, peer }
    }

    /// A connection in development, without TLS.
    #[cfg(any(debug_assertions, feature = "development-http"))]
    pub(super) const fn of_development(stream: TcpStream, client: std::net::IpAddr) -> Self {
        Self {
            inner: Inner::Plain(stream),
            peer: CapturedPeer::Development(client),
        }
    }

    /// A connection of a proxy, without TLS.
    #[cfg(unix)]
    pub(super) fn of_unix(stream: UnixStream, proxies: TrustedProxies) -> Self {
        let peer = CapturedPeer::Proxy(proxies, Sender::UnixSocket);
        let inner = Inner::Unix(stream);
        Self { inner, peer }
    }

    pub(super) fn peer(&self) -> CapturedPeer {
        self.peer.clone()
    }

    /// Whether the client has chosen HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        let protocol = match &self.inner {
            #[cfg(feature = "rustls-0_23")]
            Inner::Rustls(stream) => stream.get_ref().1.alpn_protocol(),
            #[cfg(feature = "openssl")]
            Inner::OpenSsl(stream) => stream.ssl().selected_alpn_protocol(),
            #[cfg(any(debug_assertions, feature = "development-http"))]
            Inner::Plain(_) => None,
            #[cfg(unix)]
            Inner::Unix(_) => None,
        };
        protocol == Some(b"h2")
    }
}

macro_rules! with_inner {
    ($this:expr, $stream:ident => $call:expr) => {
        match &mut $this.get_mut().inner {
            #[cfg(feature = "rustls-0_23")]
            Inner::Rustls(stream) => {
                let $stream = Pin::new(&mut **stream);
                $call
            }
            #[cfg(feature = "openssl")]
            Inner::OpenSsl(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            #[cfg(any(debug_assertions, feature = "development-http"))]
            Inner::Plain(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            #[cfg(unix)]
            Inner::Unix(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
        }
    };
}

impl AsyncRead for MutualTlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        with_inner!(self, stream => stream.poll_read(context, buffer))
    }
}

impl AsyncWrite for MutualTlsStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        with_inner!(self, stream => stream.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_inner!(self, stream => stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_inner!(self, stream => stream.poll_shutdown(context))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        with_inner!(self, stream => stream.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.inner {
            #[cfg(feature = "rustls-0_23")]
            Inner::Rustls(stream) => stream.is_write_vectored(),
            #[cfg(feature = "openssl")]
            Inner::OpenSsl(stream) => stream.is_write_vectored(),
            #[cfg(any(debug_assertions, feature = "development-http"))]
            Inner::Plain(stream) => stream.is_write_vectored(),
            #[cfg(unix)]
            Inner::Unix(stream) => stream.is_write_vectored(),
        }
    }
}

impl fmt::Debug for MutualTlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutualTlsStream")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

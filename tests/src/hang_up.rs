//! A client that hangs up.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use reqwest::Method;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use tokio::task::AbortHandle;

/// A request whose client hangs up when this is dropped.
pub struct HangUp(Kind);

enum Kind {
    /// The TCP connection is closed without a TLS message: a client library would wait for the
    /// server.
    Http1(
        #[allow(dead_code, reason = "only dropped")] Box<StreamOwned<ClientConnection, TcpStream>>,
    ),
    /// The stream is reset.
    Http2(AbortHandle),
}

impl HangUp {
    pub(crate) fn over_http1(
        address: SocketAddr,
        tls: &Arc<ClientConfig>,
        method: &Method,
        path: &str,
        cookie: &str,
    ) -> Self {
        let name = "localhost".try_into().unwrap();
        let connection = ClientConnection::new(Arc::clone(tls), name).unwrap();
        let tcp = TcpStream::connect(address).unwrap();
        let mut stream = StreamOwned::new(connection, tcp);
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nCookie: {cookie}\r\n\r\n"
        )
        .unwrap();
        stream.flush().unwrap();
        Self(Kind::Http1(Box::new(stream)))
    }

    pub(crate) fn over_http2<T: Send + 'static>(
        request: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        Self(Kind::Http2(tokio::spawn(request).abort_handle()))
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        if let Kind::Http2(request) = &self.0 {
            request.abort();
        }
    }
}

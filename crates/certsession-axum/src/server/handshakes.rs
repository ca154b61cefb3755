//! TLS handshakes, beside the loop that accepts connections.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use certsession_http::{PeerSource, warn_if_known_proxy};
use certsession_tls::{ConnectionPeer, MutualTls, PeerVerifier, ServerTls};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::stream::MutualTlsStream;
use crate::peer::{CapturedPeer, Sender};

/// What is offered by ALPN.
const PROTOCOLS: &[&str] = match cfg!(feature = "http2") {
    true => &["h2", "http/1.1"],
    false => &["http/1.1"],
};

/// Makes TLS connections of TCP connections.
pub(super) struct Acceptor {
    stack: Stack,
    verifier: PeerVerifier,
    source: PeerSource,
}

enum Stack {
    #[cfg(feature = "rustls-0_23")]
    Rustls(tokio_rustls::TlsAcceptor),
    #[cfg(feature = "openssl")]
    OpenSsl(openssl::ssl::SslAcceptor),
}

impl Acceptor {
    pub(super) fn new(tls: MutualTls, source: PeerSource) -> io::Result<Self> {
        let (stack, verifier) = tls.with_alpn(PROTOCOLS).into_parts();
        let stack = match stack {
            #[cfg(feature = "rustls-0_23")]
            ServerTls::Rustls(config) => Stack::Rustls(Arc::new(*config).into()),
            #[cfg(feature = "openssl")]
            ServerTls::OpenSsl(acceptor) => Stack::OpenSsl(acceptor.build()),
            _ => {
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "the feature of certsession-axum for this TLS stack is off: `rustls-0_23` or \
                     `openssl`",
                ));
            }
        };
        Ok(Self {
            stack,
            verifier,
            source,
        })
    }

    pub(super) async fn handshake(&self, tcp: TcpStream) -> io::Result<MutualTlsStream> {
        // Or the first response on a fresh connection can wait 40 ms for an acknowledgement.
        tcp.set_nodelay(true)?;
        match &self.stack {
            #[cfg(feature = "rustls-0_23")]
            Stack::Rustls(acceptor) => {
                let stream = acceptor.accept(tcp).await?;
                let peer = self.verifier.rustls_connection(stream.get_ref().1);
                Ok(MutualTlsStream::of_rustls(stream, self.captured(peer)))
            }
            #[cfg(feature = "openssl")]
            Stack::OpenSsl(acceptor) => {
                let ssl = openssl::ssl::Ssl::new(acceptor.context())?;
                let mut stream = tokio_openssl::SslStream::new(ssl, tcp)?;
                let handshake = std::pin::Pin::new(&mut stream).accept().await;
                handshake.map_err(io::Error::other)?;
                let peer = self.verifier.openssl_connection(stream.ssl());
                Ok(MutualTlsStream::of_openssl(stream, self.captured(peer)))
            }
        }
    }
}

impl Acceptor {
    fn captured(&self, peer: ConnectionPeer) -> CapturedPeer {
        let peer = Arc::new(peer);
        if let PeerSource::Proxy(proxies) = &self.source {
            return CapturedPeer::Proxy(proxies.clone(), Sender::Tls(peer));
        }
        warn_if_known_proxy(&peer.state());
        CapturedPeer::Direct(peer)
    }
}

/// How many handshakes may be unfinished, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) timeout: Duration,
    pub(super) most: usize,
}

impl Limits {
    pub(super) const fn within(timeout: Duration) -> Self {
        Self {
            timeout,
            // A small number would itself be a way to shut everybody out.
            most: 4096,
        }
    }
}

/// The handshakes that are not finished, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Unfinished {
    limits: Limits,
    slots: Arc<Mutex<Slots>>,
}

#[derive(Debug, Default)]
struct Slots {
    next: u64,
    begun: BTreeMap<u64, Arc<Notify>>,
}

impl Unfinished {
    pub(super) fn new(limits: Limits) -> Self {
        let slots = Arc::default();
        Self { limits, slots }
    }

    /// A place for one more handshake. Where there are too many, the oldest is dropped for it.
    pub(super) fn begin(&self) -> Slot {
        let evict = Arc::new(Notify::new());
        let mut slots = self.lock();
        if slots.begun.len() >= self.limits.most {
            slots.evict_oldest();
        }
        let number = slots.next;
        slots.next += 1;
        slots.begun.insert(number, Arc::clone(&evict));
        drop(slots);
        Slot {
            number,
            evict,
            all: self.clone(),
        }
    }

    /// Drops the oldest, where the process has no file left for another connection.
    pub(super) fn evict_oldest(&self) {
        self.lock().evict_oldest();
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn evict_oldest(&mut self) {
        if let Some((_, evict)) = self.begun.pop_first() {
            // Kept for the handshake's task, also if it does not wait yet.
            evict.notify_one();
        }
    }
}

/// The place of one unfinished handshake.
pub(super) struct Slot {
    number: u64,
    evict: Arc<Notify>,
    all: Unfinished,
}

impl Slot {
    /// The handshake, and what has to follow before its place is free. `None` if it was dropped or
    /// took too long.
    pub(super) async fn run<T>(self, handshake: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            finished = handshake => Some(finished),
            () = self.evict.notified() => {
                tracing::debug!(
                    target: "certsession::tls",
                    "the oldest unfinished handshake was dropped for a newer one",
                );
                None
            }
            () = tokio::time::sleep(self.all.limits.timeout) => {
                tracing::info!(
                    target: "certsession::tls",
                    timeout = ?self.all.limits.timeout,
                    "a client was too slow with its TLS handshake",
                );
                None
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.all.lock().begun.remove(&self.number);
    }
}

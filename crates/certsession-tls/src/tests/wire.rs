//! A server that says who the peer is, and a client that says what the handshake was.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use certsession_core::PeerState;
use rustls::crypto::ring;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore};
use rustls::{SupportedProtocolVersion, version};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::pki::{Ca, Leaf};
use crate::{ConnectionPeer, MutualTls, PeerVerifier, Reloader, ServerTls};

pub(super) const VERSIONS: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];

/// A server with a thread for each connection. It answers each request with the peer as it is
/// then.
pub(super) struct Server {
    pub(super) addr: SocketAddr,
    reloader: Option<Reloader>,
    stops: Arc<AtomicBool>,
}

impl Server {
    /// Starts a server on a port that the system chooses.
    pub(super) fn start(tls: MutualTls) -> Self {
        let reloader = tls.reloader();
        let (stack, verifier) = tls.into_parts();
        let mut server = Self::start_with(stack, verifier);
        server.reloader = Some(reloader);
        server
    }

    pub(super) fn start_with(stack: ServerTls, verifier: PeerVerifier) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let stops = Arc::new(AtomicBool::new(false));
        let accept: Accept = match stack {
            #[cfg(feature = "rustls-0_23")]
            ServerTls::Rustls(config) => {
                let config = Arc::new(*config);
                Arc::new(move |socket| over_rustls(&config, &verifier, socket))
            }
            #[cfg(feature = "openssl")]
            ServerTls::OpenSsl(acceptor) => {
                let acceptor = acceptor.build();
                Arc::new(move |socket| over_openssl(&acceptor, &verifier, socket))
            }
        };
        let is_over = Arc::clone(&stops);
        thread::spawn(move || {
            for socket in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let (accept, socket) = (Arc::clone(&accept), socket.unwrap());
                // A refused client is the test's own doing, and it sees the error.
                thread::spawn(move || accept(socket).ok());
            }
        });
        Self {
            addr,
            reloader: None,
            stops,
        }
    }

    /// Reads the files that have changed, at once.
    pub(super) fn reload(&self) {
        self.reloader.as_ref().unwrap().reload_changed();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stops.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.addr));
    }
}

type Accept = Arc<dyn Fn(TcpStream) -> io::Result<()> + Send + Sync>;

#[cfg(feature = "rustls-0_23")]
fn over_rustls(
    config: &Arc<rustls::ServerConfig>,
    verifier: &PeerVerifier,
    mut socket: TcpStream,
) -> io::Result<()> {
    let mut connection = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
    assert!(
        matches!(verifier.rustls_peer(&connection), PeerState::Rejected(_)),
        "an unfinished handshake proves nothing",
    );
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut socket) {
            // The alert is still to be sent.
            let _ = connection.write_tls(&mut socket);
            return Err(error);
        }
    }
    let peer = verifier.rustls_connection(&connection);
    answer(rustls::Stream::new(&mut connection, &mut socket), &peer)
}

#[cfg(feature = "openssl")]
fn over_openssl(
    acceptor: &openssl::ssl::SslAcceptor,
    verifier: &PeerVerifier,
    socket: TcpStream,
) -> io::Result<()> {
    let mut stream = acceptor.accept(socket).map_err(io::Error::other)?;
    let peer = verifier.openssl_connection(stream.ssl());
    let answered = answer(&mut stream, &peer);
    // OpenSSL forgets a session whose connection was not closed properly.
    let _ = stream.shutdown();
    answered
}

fn answer(mut stream: impl Read + Write, peer: &ConnectionPeer) -> io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte)? == 0 {
                return Ok(());
            }
            head.push(byte[0]);
        }
        let body = match peer.state() {
            PeerState::Absent => "absent".to_owned(),
            PeerState::Rejected(error) => format!("rejected: {error}"),
            PeerState::Verified(peer) => match peer.anchor() {
                Some(anchor) => {
                    let anchor = anchor.public_key_hash();
                    format!("verified {} by {anchor}", peer.fingerprint())
                }
                None => format!("verified {}", peer.fingerprint()),
            },
        };
        let length = body.len();
        let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(response.as_bytes())?;
        stream.flush()?;
        if String::from_utf8_lossy(&head).contains("Connection: close") {
            return Ok(());
        }
    }
}

/// What a client saw of a connection that was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: String,
    pub(super) handshake: HandshakeKind,
    pub(super) tickets: u32,
}

/// A client that trusts `ca`'s servers. Kept over several calls of [`get`], it resumes
/// wherever the server lets it.
pub(super) fn client(
    ca: &Ca,
    version: &'static SupportedProtocolVersion,
    chain: &[&[u8]],
    leaf: Option<&Leaf>,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().into()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let Some(leaf) = leaf else {
        return builder.with_no_client_auth();
    };
    let mut certificates = vec![leaf.der.clone().into()];
    certificates.extend(chain.iter().map(|der| der.to_vec().into()));
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf.key.serialize_der()));
    builder.with_client_auth_cert(certificates, key).unwrap()
}

/// One connection with one request over HTTP/1.1.
///
/// With TLS 1.3 a client learns that its certificate was refused when it reads, so an error
/// before the answer is complete is the refusal.
pub(super) fn get(addr: SocketAddr, client: &Arc<ClientConfig>) -> io::Result<Answer> {
    let name = "localhost".try_into().unwrap();
    let mut tls = ClientConnection::new(Arc::clone(client), name).unwrap();
    let mut socket = TcpStream::connect(addr)?;
    let mut stream = rustls::Stream::new(&mut tls, &mut socket);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => return Err(error),
        _ => {}
    }
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    Ok(Answer {
        body: body.to_owned(),
        handshake: tls.handshake_kind().unwrap(),
        tickets: tls.tls13_tickets_received(),
    })
}

/// The protocol that is agreed on with a client that offers `offered`.
pub(super) fn negotiated(addr: SocketAddr, mut client: ClientConfig, offered: &[&str]) -> Vec<u8> {
    client.alpn_protocols = offered
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let name = "localhost".try_into().unwrap();
    let mut tls = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut socket = TcpStream::connect(addr).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut socket).unwrap();
    }
    tls.alpn_protocol().unwrap_or_default().to_vec()
}

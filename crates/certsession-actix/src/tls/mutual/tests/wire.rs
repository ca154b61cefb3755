//! A server that says what was captured, and a client that says what the handshake was.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpServer, web};
use certsession_core::PeerState;
use rustls::crypto::ring;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore};
use rustls::{SupportedProtocolVersion, version};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::pki::{Ca, Leaf};
use crate::tls::{BindMutualTls, CapturedPeer, MutualTls};

pub(super) const VERSIONS: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];

pub(super) struct Server {
    pub(super) addr: SocketAddr,
    handle: ServerHandle,
}

impl Server {
    /// Starts a server on a port that the system chooses, through `listen_mutual_tls`.
    pub(super) fn start(tls: MutualTls) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let (started, handle) = mpsc::channel();
        thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(|| App::new().default_service(web::to(captured)))
                    .workers(1)
                    .disable_signals()
                    .listen_mutual_tls(listener, tls)
                    .unwrap()
                    .run();
                started.send(server.handle()).unwrap();
                server.await
            })
        });
        let handle = handle.recv().unwrap();
        Self { addr, handle }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn captured(request: HttpRequest) -> String {
    match request.conn_data::<CapturedPeer>() {
        None => "not captured".to_owned(),
        Some(CapturedPeer(PeerState::Absent)) => "absent".to_owned(),
        Some(CapturedPeer(PeerState::Rejected(error))) => format!("rejected: {error}"),
        Some(CapturedPeer(PeerState::Verified(peer))) => format!("verified {}", peer.fingerprint()),
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

//! Sessions behind axum-server: `cargo run -p with-axum-server`, or with a port of your own choice,
//! `cargo run -p with-axum-server -- 9443`.
//!
//! axum-server accepts connections itself. What it has to be given is an acceptor that asks the
//! `PeerVerifier` for the peer of each connection, and hands it to the connection's requests.

#![allow(clippy::print_stdout, reason = "it tells its user where it is")]

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::Extension;
use axum::middleware::AddExtension;
use axum::{Router, routing::get};
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use certs_dev::Pki;
use certsession_axum::{
    CertSession, CertSessionLayer, Error, Key, MemoryStore, MutualTls, PeerVerifier, ServerTls,
    VouchedPeer,
};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tower_layer::Layer;

const VISITS: Key<u64> = Key::new("visits");

async fn visit(session: CertSession) -> Result<String, Error> {
    let visits = session.get(&VISITS)?.unwrap_or(0) + 1;
    session.insert(&VISITS, &visits)?;
    Ok(format!("visit {visits}\n"))
}

/// axum-server's acceptor, and what it leaves out: who the peer is.
#[derive(Clone)]
struct PeerAcceptor {
    tls: RustlsAcceptor,
    verifier: PeerVerifier,
}

impl<S: Send + 'static> Accept<TcpStream, S> for PeerAcceptor {
    type Stream = TlsStream<TcpStream>;
    type Service = AddExtension<<RustlsAcceptor as Accept<TcpStream, S>>::Service, VouchedPeer>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, tcp: TcpStream, service: S) -> Self::Future {
        let handshake = self.tls.accept(tcp, service);
        let verifier = self.verifier.clone();
        Box::pin(async move {
            let (stream, service) = handshake.await?;
            let peer = verifier.rustls_connection(stream.get_ref().1);
            let with_peer = Extension(VouchedPeer::from(peer)).layer(service);
            Ok((stream, with_peer))
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pki = Pki::ensure("certs-dev/out")?;
    let tls = MutualTls::builder()
        .server_identity_files(pki.certificate_path("server"), pki.key_path("server"))
        .client_ca_file(pki.certificate_path("ca"))
        .build_rustls()?;
    let (stack, verifier) = tls.into_parts();
    let ServerTls::Rustls(config) = stack else {
        return Err("rustls was asked for".into());
    };
    let tls = RustlsAcceptor::new(RustlsConfig::from_config(Arc::from(config)));

    let sessions = CertSessionLayer::new(MemoryStore::new());
    let app = Router::new().route("/", get(visit)).layer(sessions);
    let port = std::env::args().nth(1);
    let port = port.map_or(Ok(8443), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on https://{}", listener.local_addr()?);
    axum_server::from_tcp(listener)?
        .acceptor(PeerAcceptor { tls, verifier })
        .serve(app.into_make_service())
        .await?;
    Ok(())
}

//! Sessions in a gRPC service: `cargo run -p with-tonic`, or with a port of your own choice,
//! `cargo run -p with-tonic -- 9443`.
//!
//! tonic's own server makes the handshakes. A layer takes the leaf that it has verified from
//! `TlsConnectInfo`, and vouches for it to `CertSessionLayer`. The session's cookie is metadata like
//! any other: a client sends back what `set-cookie` gave it.
//!
//! A refusal of the layer is an HTTP response, 403 or 503; another layer makes PERMISSION_DENIED or
//! UNAVAILABLE of it. What a handler refuses says so itself.

#![allow(clippy::print_stdout, reason = "it tells its user where it is")]

mod service;

use std::error::Error;
use std::fs;

use certs_dev::Pki;
use certsession_axum::{CertSessionLayer, MemoryStore, VouchedPeer};
use service::Notes;
use tokio::net::TcpListener;
use tonic::transport::server::{TcpConnectInfo, TcpIncoming, TlsConnectInfo};
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tower::util::{MapRequestLayer, MapResponseLayer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let pki = Pki::ensure("certs-dev/out")?;
    let read = |path| fs::read_to_string(path);
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(
            read(pki.certificate_path("server"))?,
            read(pki.key_path("server"))?,
        ))
        .client_ca_root(Certificate::from_pem(read(pki.certificate_path("ca"))?));

    let port = std::env::args().nth(1);
    let port = port.map_or(Ok(8443), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on https://{}", listener.local_addr()?);
    Server::builder()
        .tls_config(tls)?
        // The first layer is the outermost: it must run before the one that asks for the peer.
        .layer(MapRequestLayer::new(with_peer))
        .layer(MapResponseLayer::new(service::as_grpc))
        .layer(CertSessionLayer::new(MemoryStore::new()))
        .add_service(Notes)
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?;
    Ok(())
}

/// tonic has verified the chain against the client CA, and has no other way to tell whose it is. Its
/// CAs never change while it runs, so that a resumed connection was verified by the same ones.
fn with_peer<B>(mut request: http::Request<B>) -> http::Request<B> {
    let info = request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>();
    let Some(certificates) = info.map(TlsConnectInfo::peer_certs) else {
        // Not over TLS: without a peer, the layer answers 500.
        return request;
    };
    let leaf = certificates.as_ref().and_then(|chain| chain.first());
    let peer = VouchedPeer::caller_vouches_for_verified_leaf(leaf.map(|leaf| leaf.as_ref()));
    request.extensions_mut().insert(peer);
    request
}

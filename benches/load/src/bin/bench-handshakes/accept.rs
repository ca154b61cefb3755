//! The accept loops on rustls, one with this project's configuration.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use bench_load::Fault;
use certsession_actix::{MutualTls, PeerState, PeerVerifier, RevocationList, ServerTls};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::contender::Contender;

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nready";

/// Serves one of them on a port that it prints, until the process is killed.
pub(crate) fn serve(name: &str, folder: &Path) -> Result<(), Fault> {
    let (config, verifier) = match name == Contender::Certsession.name() {
        true => {
            let (config, verifier) = certsession(folder)?;
            (config, Some(verifier))
        }
        false => (bare(folder)?, None),
    };
    let (acceptor, verifier) = (TlsAcceptor::from(Arc::new(config)), Arc::new(verifier));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(io::stdout(), "{}", listener.local_addr()?.port())?;
        loop {
            let (stream, _) = listener.accept().await?;
            let (acceptor, verifier) = (acceptor.clone(), Arc::clone(&verifier));
            tokio::spawn(async move {
                // A client that hangs up is no error.
                let _ = answer(stream, &acceptor, verifier.as_ref().as_ref()).await;
            });
        }
    })
}

async fn answer(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    verifier: Option<&PeerVerifier>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = acceptor.accept(stream).await?;
    if let Some(verifier) = verifier {
        let peer = verifier.rustls_peer(stream.get_ref().1);
        if !matches!(peer, PeerState::Verified(_)) {
            return Err(io::Error::other("the peer is not verified"));
        }
    }
    let mut request = [0; 256];
    if stream.read(&mut request).await? > 0 {
        stream.write_all(RESPONSE).await?;
    }
    stream.shutdown().await
}

fn certsession(folder: &Path) -> Result<(ServerConfig, PeerVerifier), Fault> {
    let tls = MutualTls::builder()
        .server_identity_files(folder.join("server.pem"), folder.join("server.key"))
        .client_ca_file(folder.join("ca.pem"))
        .crl_file(folder.join("crl.pem"))
        .revocations(&RevocationList::new())
        .build_rustls()?;
    match tls.with_alpn(&[]).into_parts() {
        (ServerTls::Rustls(config), verifier) => Ok((*config, verifier)),
        _ => Err("it was built for rustls".into()),
    }
}

fn bare(folder: &Path) -> Result<ServerConfig, Fault> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.pem"))?)?;
    let provider = Arc::new(ring::default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients.build()?)
        .with_single_cert(
            vec![CertificateDer::from_pem_file(folder.join("server.pem"))?],
            PrivateKeyDer::from_pem_file(folder.join("server.key"))?,
        )?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

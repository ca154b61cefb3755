//! Server certificate and client CAs that change while the server runs.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::CertificateDer;

use super::pki::{Ca, Leaf, STACKS};
use super::wire::{Server, VERSIONS, client, get, negotiated};
use crate::{ClientAuth, MutualTls, MutualTlsBuilder};

fn write(dir: &Path, name: &str, contents: &str) {
    let new = dir.join("new");
    fs::write(&new, contents).unwrap();
    fs::rename(new, dir.join(name)).unwrap();
}

fn write_server(dir: &Path, server: &Leaf) {
    write(dir, "server.pem", &server.pem);
    write(dir, "server.key", &server.key.serialize_pem());
}

fn from_files(dir: &Path) -> MutualTlsBuilder {
    MutualTls::builder()
        .server_identity_files(dir.join("server.pem"), dir.join("server.key"))
        .client_ca_file(dir.join("ca.pem"))
        .client_auth(ClientAuth::Required)
}

/// The thread that follows the files, and no call of a test's, does the reloading.
#[test]
fn a_changed_file_is_noticed_without_a_call() {
    for (stack, build) in STACKS {
        let dir = tempfile::tempdir().unwrap();
        let ca = Ca::new("ca");
        let (old, new, alice) = (ca.server(), ca.server(), ca.client("alice"));
        write_server(dir.path(), &old);
        write(dir.path(), "ca.pem", &ca.pem());
        let server = Server::start(build(&from_files(dir.path())).unwrap());
        let client = Arc::new(client(&ca, VERSIONS[1], &[], Some(&alice)));
        write_server(dir.path(), &new);
        let began = Instant::now();
        while *Open::to(&server, &client).server_certificate() != *new.der {
            assert!(began.elapsed() < Duration::from_secs(10), "{stack}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The kubelet mounts a secret as links through a link `..data` to a folder, and replaces that one.
#[test]
#[cfg(unix)]
fn a_mounted_secret_that_is_replaced_is_noticed() {
    use std::os::unix::fs::symlink;

    for (stack, build) in STACKS {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let ca = Ca::new("ca");
        let (old, new, alice) = (ca.server(), ca.server(), ca.client("alice"));
        for (version, server) in [("..1", &old), ("..2", &new)] {
            fs::create_dir(dir.join(version)).unwrap();
            write_server(&dir.join(version), server);
            write(&dir.join(version), "ca.pem", &ca.pem());
        }
        symlink("..1", dir.join("..data")).unwrap();
        for name in ["server.pem", "server.key", "ca.pem"] {
            symlink(format!("..data/{name}"), dir.join(name)).unwrap();
        }
        let server = Server::start(build(&from_files(dir)).unwrap());
        let client = Arc::new(client(&ca, VERSIONS[1], &[], Some(&alice)));
        assert!(*Open::to(&server, &client).server_certificate() == *old.der);

        symlink("..2", dir.join("..data_tmp")).unwrap();
        fs::rename(dir.join("..data_tmp"), dir.join("..data")).unwrap();
        fs::remove_dir_all(dir.join("..1")).unwrap();
        let began = Instant::now();
        while *Open::to(&server, &client).server_certificate() != *new.der {
            assert!(began.elapsed() < Duration::from_secs(10), "{stack}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A connection that stays open, over HTTP/1.1.
struct Open(StreamOwned<ClientConnection, TcpStream>);

impl Open {
    fn to(server: &Server, client: &Arc<ClientConfig>) -> Self {
        let name = "localhost".try_into().unwrap();
        let tls = ClientConnection::new(Arc::clone(client), name).unwrap();
        let mut open = Self(StreamOwned::new(
            tls,
            TcpStream::connect(server.addr).unwrap(),
        ));
        open.ask();
        open
    }

    fn ask(&mut self) {
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        self.0.write_all(request).unwrap();
        let mut answer = [0; 12];
        self.0.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        // The rest of the answer: it is short, and comes in one record.
        let mut rest = [0; 4096];
        assert!(self.0.read(&mut rest).unwrap() > 0);
    }

    fn server_certificate(&self) -> CertificateDer<'static> {
        self.0.conn.peer_certificates().unwrap()[0].clone()
    }
}

#[test]
fn a_new_server_certificate_is_served_and_open_connections_go_on() {
    for (stack, build) in STACKS {
        let dir = tempfile::tempdir().unwrap();
        let ca = Ca::new("ca");
        let (old, new, alice) = (ca.server(), ca.server(), ca.client("alice"));
        write_server(dir.path(), &old);
        write(dir.path(), "ca.pem", &ca.pem());
        let server = Server::start(build(&from_files(dir.path())).unwrap());
        for version in VERSIONS {
            let client = Arc::new(client(&ca, version, &[], Some(&alice)));
            let served = || Open::to(&server, &client).server_certificate();
            let mut open = Open::to(&server, &client);
            let before = open.server_certificate();
            let next = if *before == *old.der { &new } else { &old };
            write_server(dir.path(), next);
            server.reload();
            assert_eq!(*served(), *next.der, "{stack}");
            open.ask();
            // Its key is missing, then it is no certificate at all: the last good pair stays.
            write(dir.path(), "server.key", &alice.key.serialize_pem());
            server.reload();
            assert_eq!(*served(), *next.der, "{stack}");
            write(dir.path(), "server.pem", "no certificate");
            server.reload();
            assert_eq!(*served(), *next.der, "{stack}");
            open.ask();
        }
    }
}

#[test]
fn new_client_cas_are_in_force_and_open_connections_go_on() {
    for (stack, build) in STACKS {
        let dir = tempfile::tempdir().unwrap();
        let (ca, next) = (Ca::new("ca"), Ca::new("next"));
        let (alice, bob) = (ca.client("alice"), next.client("bob"));
        write_server(dir.path(), &ca.server());
        write(dir.path(), "ca.pem", &ca.pem());
        let server = Server::start(build(&from_files(dir.path())).unwrap());
        let is_let_in = |leaf: &Leaf| {
            VERSIONS.map(|version| {
                get(
                    server.addr,
                    &Arc::new(client(&ca, version, &[], Some(leaf))),
                )
                .is_ok()
            })
        };
        assert_eq!(is_let_in(&alice), [true; 2], "{stack}");
        assert_eq!(is_let_in(&bob), [false; 2], "{stack}");
        let mut open = Open::to(
            &server,
            &Arc::new(client(&ca, VERSIONS[1], &[], Some(&alice))),
        );
        write(dir.path(), "ca.pem", &(ca.pem() + &next.pem()));
        server.reload();
        assert_eq!(is_let_in(&bob), [true; 2], "{stack}");
        assert_eq!(is_let_in(&alice), [true; 2], "{stack}");
        write(dir.path(), "ca.pem", &next.pem());
        server.reload();
        assert_eq!(is_let_in(&alice), [false; 2], "{stack}");
        open.ask();
        write(dir.path(), "ca.pem", &alice.pem);
        server.reload();
        assert_eq!(is_let_in(&bob), [true; 2], "{stack}: a leaf is no CA");
        // The protocols are offered by what came later, too.
        let agreed = negotiated(
            server.addr,
            client(&ca, VERSIONS[1], &[], Some(&bob)),
            &["h2", "http/1.1"],
        );
        assert_eq!(agreed, b"h2", "{stack}");
    }
}

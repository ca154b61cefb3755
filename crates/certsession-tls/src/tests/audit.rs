//! A refused certificate leaves a line in the log, in the words of the TLS stack.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use super::pki::{Ca, Leaf, STACKS, expired};
use super::wire::{Server, VERSIONS, client, get};
use crate::ClientAuth;

#[test]
fn a_refused_certificate_is_named_in_the_log_and_an_accepted_one_is_not() {
    // The server has threads of its own, so the log is the whole process's, and other
    // tests write into it as well: each certificate is looked for by its fingerprint.
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer({
            let log = log.clone();
            move || log.clone()
        })
        .with_ansi(false)
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let ca = Ca::new("ca");
    for (stack, build) in STACKS {
        let server = Server::start(build(&ca.mutual_tls(ClientAuth::Required)).unwrap());
        for version in VERSIONS {
            let line = |leaf: &Leaf| {
                let outcome = get(
                    server.addr,
                    &Arc::new(client(&ca, version, &[], Some(leaf))),
                );
                (outcome.is_ok(), log.line_about(leaf))
            };
            let (accepted, none) = line(&ca.client("alice"));
            assert!(accepted && none.is_none(), "{stack}: {none:?}");

            for (leaf, reason) in [
                (ca.leaf("mallory", expired), "expired"),
                (Ca::new("other").client("mallory"), "issuer"),
            ] {
                let (accepted, said) = line(&leaf);
                let said = said.unwrap().to_lowercase();
                assert!(!accepted && said.contains(reason), "{said}");
                assert!(said.contains("warn certsession::tls"), "{said}");
                assert!(said.contains(&format!("stack=\"{stack}\"")), "{said}");
                assert!(!said.contains("mallory"), "{said}");
            }
        }
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn line_about(&self, leaf: &Leaf) -> Option<String> {
        let peer = certsession_core::PeerCertificate::from_der(&leaf.der).unwrap();
        let fingerprint = peer.fingerprint().to_string();
        let log = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let found = log.lines().find(|line| line.contains(&fingerprint));
        found.map(str::to_owned)
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

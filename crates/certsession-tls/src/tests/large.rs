//! What a refused certificate costs, however large it is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use certsession_core::PeerCertificate;
use rcgen::SanType;

use super::pki::{Ca, Leaf, STACKS};
use super::wire::{Server, VERSIONS, client, get};
use crate::ClientAuth;
use crate::handshake::client_refused;

/// The largest that rustls takes is 64 KiB, with its chain.
fn large(ca: &Ca) -> Leaf {
    ca.leaf("mallory", |params| {
        params.subject_alt_names = (0..2_400)
            .map(|n| SanType::DnsName(format!("host-{n:05}.example").try_into().unwrap()))
            .collect();
    })
}

/// The least of several times: what the machine does besides only adds to it.
fn least(mut step: impl FnMut()) -> Duration {
    let times = (0..20).map(|_| {
        let began = Instant::now();
        step();
        began.elapsed()
    });
    times.min().unwrap()
}

#[test]
fn of_a_certificate_that_no_one_has_verified_only_the_beginning_is_read() {
    let leaf = large(&Ca::new("other"));
    assert!(leaf.der.len() > 40_000, "{}", leaf.der.len());
    let refused = least(|| client_refused("none", Some(&leaf.der), &"it is not verified"));
    let parsed = least(|| drop(PeerCertificate::from_der(&leaf.der)));
    assert!(
        refused * 4 < parsed,
        "refusing took {refused:?}, and reading it whole {parsed:?}"
    );
}

/// Whole handshakes, both sides: a large certificate has to be sent and hashed, but no more.
#[test]
fn a_large_certificate_of_another_ca_is_refused() {
    let ca = Ca::new("ca");
    let leaf = large(&Ca::new("other"));
    for (stack, build) in STACKS {
        let server = Server::start(build(&ca.mutual_tls(ClientAuth::Required)).unwrap());
        let client = Arc::new(client(&ca, VERSIONS[1], &[], Some(&leaf)));
        assert!(get(server.addr, &client).is_err(), "{stack}");
    }
}

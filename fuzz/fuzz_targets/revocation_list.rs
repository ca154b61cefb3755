//! Whatever bytes come as a revocation list, they are judged without a panic, and none of them
//! lifts what a genuine list says.
#![no_main]

use std::sync::LazyLock;

use certs_dev::{Authority, CrlRequest, LeafRequest};
use certsession_core::{
    CaCertificate, Clock, CrlVerifier, PeerCertificate, RevocationList, RevocationStatus,
    SystemClock,
};
use certsession_fuzz::{client, plant_seeds};
use libfuzzer_sys::{Corpus, fuzz_target};

struct Fixture {
    cas: [CaCertificate; 1],
    genuine: Vec<u8>,
    revoked: PeerCertificate,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let authority = Authority::new("fuzz CA").expect("there is randomness");
    let alice = client(&authority, &LeafRequest::client("alice"));
    let request = CrlRequest::new().revoke(&alice);
    let list = authority.revocation_list(&request).expect("it is signed");
    Fixture {
        cas: [CaCertificate::from_der(authority.certificate_der()).expect("it is sound")],
        genuine: list.der().to_vec(),
        revoked: PeerCertificate::from_der(alice.certificate_der()).expect("it is sound"),
    }
});

fuzz_target!(init: plant_seeds([("genuine", FIXTURE.genuine.clone())]), |der: &[u8]| -> Corpus {
    let now = SystemClock.now();
    let verifier = CrlVerifier::new(&FIXTURE.cas);
    let list = RevocationList::new();
    list.load("file", &[&FIXTURE.genuine], &verifier, now);
    let report = list.load("file", &[der], &verifier, now);
    for problem in report.problems() {
        assert!(!problem.to_string().contains(char::is_control));
    }
    assert_eq!(list.status(&FIXTURE.revoked, now), RevocationStatus::Revoked);
    drop(CaCertificate::from_der(der));
    Corpus::Keep
});

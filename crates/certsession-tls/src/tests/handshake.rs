//! Who gets in, and who does not.

use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use certsession_core::Timestamp;
use certsession_core::test_util::ManualClock;
use rcgen::ExtendedKeyUsagePurpose;

use super::pki::{Ca, Leaf, STACKS, expired, not_yet_valid};
use super::wire::{Server, VERSIONS, client, get, negotiated};
use crate::{ClientAuth, MutualTlsBuilder};

#[test]
fn a_client_with_a_certificate_of_the_ca_is_verified() {
    let ca = Ca::new("ca");
    let alice = ca.client("alice");
    for auth in [ClientAuth::Required, ClientAuth::Optional] {
        each_answer(&ca, &ca.mutual_tls(auth), &[], Some(&alice), |answer| {
            let body = answer.expect("accepted");
            assert!(body.starts_with("verified "), "{body}");
        });
    }
}

#[test]
fn a_client_without_a_certificate_is_refused_where_one_is_required() {
    let ca = Ca::new("ca");
    let tls = ca.mutual_tls(ClientAuth::Required);
    each_answer(&ca, &tls, &[], None, |answer| assert_eq!(answer, None));
}

#[test]
fn a_client_without_a_certificate_is_anonymous_where_it_is_optional() {
    let ca = Ca::new("ca");
    let tls = ca.mutual_tls(ClientAuth::Optional);
    each_answer(&ca, &tls, &[], None, |answer| {
        assert_eq!(answer.as_deref(), Some("absent"));
    });
}

#[test]
fn a_bad_certificate_is_refused_even_where_it_is_optional() {
    let ca = Ca::new("ca");
    let bad: [(&str, Leaf); 4] = [
        ("of another CA", Ca::new("other").client("alice")),
        ("expired", ca.leaf("alice", expired)),
        ("not yet valid", ca.leaf("alice", not_yet_valid)),
        (
            "for servers only",
            ca.leaf("alice", |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }),
        ),
    ];
    for auth in [ClientAuth::Required, ClientAuth::Optional] {
        let tls = ca.mutual_tls(auth);
        for (what, leaf) in &bad {
            each_answer(&ca, &tls, &[], Some(leaf), |answer| {
                assert_eq!(answer, None, "{what}, {auth:?}");
            });
        }
    }
}

#[test]
fn a_certificate_of_another_ca_of_the_same_name_is_refused() {
    let ca = Ca::new("ca");
    let twin = Ca::new("ca").client("alice");
    let tls = ca.mutual_tls(ClientAuth::Required);
    each_answer(&ca, &tls, &[], Some(&twin), |answer| {
        assert_eq!(answer, None);
    });
}

#[test]
fn a_ca_that_the_peer_sends_itself_is_not_trusted() {
    let ca = Ca::new("ca");
    let other = Ca::new("other");
    let alice = other.client("alice");
    let tls = ca.mutual_tls(ClientAuth::Required);
    each_answer(&ca, &tls, &[&other.der()], Some(&alice), |answer| {
        assert_eq!(answer, None);
    });
}

#[test]
fn an_intermediate_that_the_peer_sends_completes_its_chain() {
    let ca = Ca::new("ca");
    let intermediate = ca.intermediate("intermediate");
    let alice = intermediate.client("alice");
    let tls = ca.mutual_tls(ClientAuth::Required);
    each_answer(&ca, &tls, &[&intermediate.der()], Some(&alice), |answer| {
        assert!(answer.is_some());
    });
}

#[test]
fn an_intermediate_alone_is_a_trust_anchor_for_its_own_clients_only() {
    let root = Ca::new("root");
    let intermediate = root.intermediate("intermediate");
    let tls = intermediate.mutual_tls(ClientAuth::Required);
    let own = intermediate.client("alice");
    each_answer(&intermediate, &tls, &[], Some(&own), |answer| {
        assert!(answer.is_some());
    });
    let of_the_root = root.client("bob");
    each_answer(&intermediate, &tls, &[], Some(&of_the_root), |answer| {
        assert_eq!(answer, None);
    });
}

#[test]
fn of_an_expired_and_a_valid_client_ca_only_the_valid_one_is_trusted() {
    let valid = Ca::new("valid");
    let old = Ca::with("old", expired);
    let tls = valid
        .mutual_tls(ClientAuth::Required)
        .client_ca_pem(old.pem());
    each_answer(&valid, &tls, &[], Some(&valid.client("alice")), |answer| {
        assert!(answer.is_some());
    });
    each_answer(&valid, &tls, &[], Some(&old.client("alice")), |answer| {
        assert_eq!(answer, None);
    });
}

/// The test runs itself in a second process, in which a CA of its own is the one root that
/// OpenSSL knows as the system's: the environment cannot be changed in this one.
#[test]
fn a_root_of_the_system_is_not_trusted() {
    const CHILD: &str = "CERTSESSION_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return a_root_of_the_system_is_not_trusted_in_the_child();
    }
    let dir = tempfile::tempdir().unwrap();
    let name = concat!(module_path!(), "::a_root_of_the_system_is_not_trusted");
    let (_, name) = name.split_once("::").unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(CHILD, "1")
        .env("SSL_CERT_FILE", dir.path().join("system.pem"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

fn a_root_of_the_system_is_not_trusted_in_the_child() {
    let system = Ca::new("system");
    let path = std::env::var_os("SSL_CERT_FILE").unwrap();
    std::fs::write(path, system.pem()).unwrap();
    let alice = system.client("alice");
    assert!(system_store_verifies(&alice), "it is the system's root");

    let ca = Ca::new("ca");
    let tls = ca.mutual_tls(ClientAuth::Required);
    each_answer(&ca, &tls, &[], Some(&alice), |answer| {
        assert_eq!(answer, None);
    });
}

fn system_store_verifies(leaf: &Leaf) -> bool {
    use openssl::stack::Stack;
    use openssl::x509::{X509, X509StoreContext, store::X509StoreBuilder};

    let mut store = X509StoreBuilder::new().unwrap();
    store.set_default_paths().unwrap();
    let leaf = X509::from_der(&leaf.der).unwrap();
    let none = Stack::new().unwrap();
    X509StoreContext::new()
        .unwrap()
        .init(&store.build(), &leaf, &none, |context| {
            context.verify_cert()
        })
        .unwrap()
}

#[test]
fn alpn_offers_http_2_and_http_1_1_or_what_the_adapter_sets() {
    let ca = Ca::new("ca");
    for (stack, build) in STACKS {
        let tls = || build(&ca.mutual_tls(ClientAuth::Optional)).unwrap();
        let both = Server::start(tls());
        let one = Server::start(tls().with_alpn(&["http/1.1"]));
        for version in VERSIONS {
            let agreed = |server: &Server, offered: &[&str]| {
                negotiated(server.addr, client(&ca, version, &[], None), offered)
            };
            assert_eq!(agreed(&both, &["h2", "http/1.1"]), b"h2", "{stack}");
            assert_eq!(agreed(&both, &["http/1.1", "h2"]), b"h2", "{stack}");
            assert_eq!(agreed(&both, &["http/1.1"]), b"http/1.1", "{stack}");
            assert_eq!(agreed(&one, &["h2", "http/1.1"]), b"http/1.1", "{stack}");
        }
    }
}

/// A certificate that is valid now is judged by the configuration's clock, in the full handshake
/// and on a resumed connection.
#[test]
fn the_clock_of_the_configuration_decides_what_has_expired() {
    const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

    let ca = Ca::new("ca");
    let week = |params: &mut rcgen::CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2030, 1, 1);
        params.not_after = rcgen::date_time_ymd(2030, 1, 8);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let alice = ca.leaf("alice", week);
    // 2030-01-02
    let start = Timestamp::from_millis(1_893_542_400_000);
    for (stack, build) in STACKS {
        for version in VERSIONS {
            let clock = ManualClock::new(start);
            let tls = ca
                .mutual_tls(ClientAuth::Required)
                .clock(clock.clone())
                .resumption(crate::Resumption::Tickets);
            let server = Server::start(build(&tls).unwrap());
            let resuming = Arc::new(client(&ca, version, &[], Some(&alice)));
            let fresh = || Arc::new(client(&ca, version, &[], Some(&alice)));
            assert!(get(server.addr, &resuming).is_ok(), "{stack}");
            clock.advance(YEAR);
            assert!(
                get(server.addr, &fresh()).is_err(),
                "{stack}: it has expired"
            );
            let resumed = get(server.addr, &resuming).unwrap();
            assert!(
                resumed.body.starts_with("rejected: "),
                "{stack}: {resumed:?}"
            );
        }
    }
}

#[test]
fn tls_1_1_is_refused() {
    use openssl::ssl::{SslConnector, SslMethod, SslVersion};

    let ca = Ca::new("ca");
    for (stack, build) in STACKS {
        let server = Server::start(build(&ca.mutual_tls(ClientAuth::Optional)).unwrap());
        let connect = |version| {
            let mut builder = SslConnector::builder(SslMethod::tls()).unwrap();
            // Level 0, or OpenSSL itself would not even offer TLS 1.1.
            builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
            builder.set_verify(openssl::ssl::SslVerifyMode::NONE);
            builder.set_min_proto_version(Some(version)).unwrap();
            builder.set_max_proto_version(Some(version)).unwrap();
            let socket = TcpStream::connect(server.addr).unwrap();
            let outcome = builder.build().connect("localhost", socket);
            outcome.map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(connect(SslVersion::TLS1_2), Ok(()), "{stack}");
        // The server's own refusal, not one of the client's library. The alert differs: rustls
        // stops at the missing signature algorithms before it comes to the version.
        let refusal = connect(SslVersion::TLS1_1).unwrap_err();
        assert!(refusal.contains("SSL alert number"), "{stack}: {refusal}");
    }
}

/// Asks a server of each stack over each TLS version; `None` is a refusal.
fn each_answer(
    ca: &Ca,
    tls: &MutualTlsBuilder,
    chain: &[&[u8]],
    leaf: Option<&Leaf>,
    check: impl Fn(Option<String>),
) {
    for (stack, build) in STACKS {
        let server = Server::start(build(tls).unwrap());
        for version in VERSIONS {
            let answer = get(server.addr, &Arc::new(client(ca, version, chain, leaf)));
            // Shown for a failing test alone, which else would not say whose answer it was.
            #[expect(clippy::print_stderr)]
            {
                eprintln!("{stack}, {version:?}: {answer:?}");
            }
            check(answer.ok().map(|answer| answer.body));
        }
    }
}

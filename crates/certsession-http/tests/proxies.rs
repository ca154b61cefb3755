//! Who sent a request through a proxy, by the fields and the sender alone.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use base64ct::{Base64, Encoding};
use certsession_core::test_util::peer;
use certsession_core::{
    BindWhenPresent, CertificateError, ChainVerifier, Key, MemoryStore, PeerCertificate, PeerState,
    PublicKeyHash, RequestInfo, SessionManager,
};
use certsession_http::{
    AddressField, Dialect, Error, ForwardedPeer, HeaderFields, Hop, ProxySecret, RequestHead,
    SessionDriver, SiteFields, TrustedProxies, TrustedProxiesBuilder, TrustedProxiesError,
    UnwritableField,
};

/// Verifies every certificate that can be read, and counts.
#[derive(Clone, Debug, Default)]
struct Counting {
    calls: Arc<AtomicUsize>,
    generation: Arc<AtomicU64>,
}

impl ChainVerifier for Counting {
    fn verify_chain(&self, leaf: &[u8], _: &[&[u8]]) -> PeerState {
        self.calls.fetch_add(1, Ordering::SeqCst);
        PeerState::from_leaf(Some(leaf))
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }
}

fn certificate(name: &str) -> Arc<PeerCertificate> {
    Arc::clone(peer(name).certificate().unwrap())
}

fn field(certificate: &PeerCertificate) -> Vec<u8> {
    format!(":{}:", Base64::encode_string(certificate.der())).into_bytes()
}

fn builder(verifier: &Counting) -> TrustedProxiesBuilder {
    TrustedProxies::builder()
        .dialect(Dialect::rfc9440())
        .verifier(verifier.clone())
}

fn ask(proxies: &TrustedProxies, hop: Hop<'_>, fields: &[(&str, &[u8])]) -> ForwardedPeer {
    let fields = fields.iter().map(|(name, value)| (name.as_bytes(), *value));
    proxies.peer_of(hop, fields)
}

fn tls<'p>(peer: &'p PeerState, address: &str) -> Hop<'p> {
    let address = Some(address.parse().unwrap());
    Hop::Tls { peer, address }
}

fn is_not_the_proxy(peer: &PeerState) -> bool {
    match peer {
        PeerState::Rejected(error) => {
            matches!(error.cause(), CertificateError::NotTheProxy { .. })
        }
        PeerState::Absent | PeerState::Verified(_) => false,
    }
}

#[test]
fn what_is_missing_is_an_error_that_names_it() {
    use TrustedProxiesError as Missing;

    let verifier = Counting::default();
    let secret = || ProxySecret::new("x".repeat(32)).unwrap();
    let address: IpAddr = "192.0.2.1".parse().unwrap();
    let error = |builder: TrustedProxiesBuilder| builder.build().unwrap_err();
    assert_eq!(error(builder(&verifier)), Missing::NoIdentity);
    assert_eq!(
        error(builder(&verifier).address(address)),
        Missing::NoSecret
    );
    assert_eq!(
        error(builder(&verifier).secret(secret())),
        Missing::NoAddress
    );
    assert_eq!(error(builder(&verifier).name("")), Missing::EmptyName);
    let several = builder(&verifier).unix_socket().name("proxy");
    assert_eq!(error(several), Missing::SeveralIdentities);
    let several = builder(&verifier).unix_socket().address(address);
    assert_eq!(error(several.secret(secret())), Missing::SeveralIdentities);
    let no_dialect = TrustedProxies::builder().unix_socket().verifier(verifier);
    assert_eq!(error(no_dialect), Missing::NoDialect);
    let no_verifier = TrustedProxies::builder().unix_socket();
    assert_eq!(
        error(no_verifier.dialect(Dialect::nginx())),
        Missing::NoVerifier
    );
    for weak in ["", "short", &"x y".repeat(20)] {
        assert!(ProxySecret::new(weak).is_err(), "{weak:?}");
    }
}

#[test]
fn a_sender_that_is_not_the_proxy_is_rejected_with_fields_and_without() {
    let verifier = Counting::default();
    let (alice, proxy) = (certificate("alice"), peer("proxy"));
    let fields: [(&str, &[u8]); 1] = [("client-cert", &field(&alice))];
    let key: PublicKeyHash = *proxy.certificate().unwrap().public_key_hash();
    let by_key = builder(&verifier).public_key(key).build().unwrap();
    let by_socket = builder(&verifier).unix_socket().build().unwrap();
    let rejected = PeerState::Rejected(CertificateError::Unverified);
    for fields in [&fields[..], &[]] {
        for peer in [&peer("mallory"), &PeerState::Absent, &rejected] {
            for proxies in [&by_key, &by_socket] {
                let asked = ask(proxies, tls(peer, "127.0.0.1"), fields);
                assert!(is_not_the_proxy(&asked.peer), "{asked:?}");
            }
        }
        assert!(is_not_the_proxy(
            &ask(&by_key, Hop::UnixSocket, fields).peer
        ));
    }
    assert_eq!(
        verifier.calls.load(Ordering::SeqCst),
        0,
        "nothing is read of it"
    );
    for (proxies, hop) in [
        (&by_key, tls(&proxy, "192.0.2.9")),
        (&by_socket, Hop::UnixSocket),
    ] {
        let asked = ask(proxies, hop, &fields);
        assert_eq!(asked.peer.certificate().unwrap().der(), alice.der());
        assert!(matches!(ask(proxies, hop, &[]).peer, PeerState::Absent));
    }
}

#[test]
fn the_refusal_of_a_sender_names_its_own_certificate_and_what_is_wrong_with_that() {
    let verifier = Counting::default();
    let (mallory, key) = (certificate("mallory"), certificate("proxy"));
    let by_key = builder(&verifier).public_key(*key.public_key_hash());
    let by_address = builder(&verifier)
        .address("192.0.2.1".parse().unwrap())
        .secret(ProxySecret::new("x".repeat(32)).unwrap());
    let by_socket = builder(&verifier).unix_socket();
    let expired = CertificateError::NoLongerVerifies;
    let expired = PeerState::Rejected(expired.of(mallory.der()));
    let unnamed = PeerState::Rejected(CertificateError::Unverified);
    for proxies in [by_key, by_address, by_socket] {
        let proxies = proxies.build().unwrap();
        let error = |peer: &PeerState| match ask(&proxies, tls(peer, "127.0.0.1"), &[]).peer {
            PeerState::Rejected(error) => error,
            other => panic!("{other:?}"),
        };
        for peer in [&PeerState::Verified(Arc::clone(&mallory)), &expired] {
            let error = error(peer);
            let named = error.certificate().unwrap();
            assert_eq!(named.fingerprint(), mallory.fingerprint());
            assert_eq!(named.serial(), Some(mallory.serial()));
            assert_eq!(named.subject(), Some(mallory.subject()));
        }
        assert!(error(&expired).to_string().contains("no longer verifies"));
        let unnamed = error(&unnamed);
        assert!(unnamed.to_string().contains("not verified"), "{unnamed}");
        for error in [unnamed, error(&PeerState::Absent)] {
            assert_eq!(error.certificate(), None);
        }
    }
}

#[test]
fn a_value_is_verified_once_until_the_client_cas_change() {
    let verifier = Counting::default();
    let proxies = builder(&verifier).unix_socket().build().unwrap();
    let (alice, bob) = (field(&certificate("alice")), field(&certificate("bob")));
    let calls = || verifier.calls.load(Ordering::SeqCst);
    for _ in 0..100 {
        for value in [&alice, &bob] {
            let asked = ask(&proxies, Hop::UnixSocket, &[("client-cert", value)]);
            assert!(asked.peer.certificate().is_some());
        }
    }
    assert_eq!(calls(), 2);
    verifier.generation.fetch_add(1, Ordering::SeqCst);
    ask(&proxies, Hop::UnixSocket, &[("client-cert", &alice)]);
    assert_eq!(calls(), 3);
    // The chain is a part of what was verified.
    let chain = ("client-cert-chain", &bob[..]);
    ask(&proxies, Hop::UnixSocket, &[("client-cert", &alice), chain]);
    assert_eq!(calls(), 4);
}

#[test]
fn a_connection_field_that_names_the_certificate_refuses_the_request() {
    let proxies = builder(&Counting::default()).unix_socket().build().unwrap();
    for value in ["client-cert", "close, Client_Cert", "x-ssl-client-cert"] {
        let asked = ask(
            &proxies,
            Hop::UnixSocket,
            &[("connection", value.as_bytes())],
        );
        assert!(matches!(asked.peer, PeerState::Rejected(_)), "{value}");
    }
    let usual: [(&str, &[u8]); 1] = [("connection", b"keep-alive, upgrade")];
    let asked = ask(&proxies, Hop::UnixSocket, &usual);
    assert!(matches!(asked.peer, PeerState::Absent));
}

#[test]
fn the_clients_address_comes_from_the_proxy_alone_and_only_if_it_is_configured() {
    let verifier = Counting::default();
    let proxy = peer("proxy");
    let key = *proxy.certificate().unwrap().public_key_hash();
    let fields: [(&str, &[u8]); 1] = [("x-forwarded-for", b"6.6.6.6, 192.0.2.7")];
    let silent = builder(&verifier).public_key(key).build().unwrap();
    assert_eq!(
        ask(&silent, tls(&proxy, "10.0.0.1"), &fields).client_address,
        None
    );
    let proxies = builder(&verifier)
        .public_key(key)
        .client_address(AddressField::XForwardedFor)
        .build()
        .unwrap();
    let asked = ask(&proxies, tls(&proxy, "10.0.0.1"), &fields);
    assert_eq!(asked.client_address, "192.0.2.7".parse().ok());
    let asked = ask(&proxies, tls(&peer("mallory"), "10.0.0.1"), &fields);
    assert_eq!(asked.client_address, None);
}

#[test]
fn an_address_counts_with_the_secret_alone() {
    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    let proxies = builder(&Counting::default())
        .address("192.0.2.1".parse().unwrap())
        .secret(ProxySecret::new(format!("{SECRET}\n")).unwrap())
        .build()
        .unwrap();
    let absent = PeerState::Absent;
    let with = |secret: &str, address: &str| {
        let fields: [(&str, &[u8]); 1] = [("x-proxy-secret", secret.as_bytes())];
        ask(&proxies, tls(&absent, address), &fields).peer
    };
    assert!(matches!(with(SECRET, "192.0.2.1"), PeerState::Absent));
    // As a socket for both families shows it.
    assert!(matches!(
        with(SECRET, "::ffff:192.0.2.1"),
        PeerState::Absent
    ));
    assert!(is_not_the_proxy(&with(SECRET, "192.0.2.2")));
    assert!(is_not_the_proxy(&with(&SECRET[..31], "192.0.2.1")));
    assert!(is_not_the_proxy(&with("", "192.0.2.1")));
    assert!(
        proxies.is_hidden_field(b"X_Proxy-Secret"),
        "no handler sees it"
    );
}

#[test]
fn renamed_fields_are_hidden_with_their_aliases() {
    let dialect = Dialect::nginx().with_certificate_field("X-Alpha").unwrap();
    let proxies = builder(&Counting::default())
        .dialect(dialect)
        .unix_socket()
        .build()
        .unwrap();
    for name in [
        "x-alpha",
        "X_Alpha",
        "x.alpha",
        "ssl-client-cert",
        "client_cert",
    ] {
        assert!(proxies.is_hidden_field(name.as_bytes()), "{name}");
    }
    assert!(!proxies.is_hidden_field(b"x-alphabet"));
}

/// A request through the proxy: the refusal, or the cookie of the response and whether the session is
/// bound.
async fn request(
    driver: &SessionDriver<MemoryStore>,
    peer: &PeerState,
    cookie: Option<&str>,
    writes: bool,
) -> Result<(Option<String>, Option<bool>), Error> {
    let opened = driver.open(RequestHead {
        cookies: cookie.iter().map(|cookie| cookie.as_bytes()),
        peer,
        reads_near: false,
        request: RequestInfo::default(),
        site: SiteFields::default(),
    });
    let opened = opened.await?;
    if writes {
        opened.session().insert(&Key::<u32>::new("cart"), &7)?;
        opened.session().commit().await?;
    }
    let record = opened.session().record();
    let is_bound = record.map(|record| record.binding().is_some());
    let mut cookies = Cookies::default();
    if let Some(head) = driver.settle(opened).await.head {
        head.apply(&mut cookies).unwrap();
    }
    let pair = cookies
        .0
        .map(|set| set.split(';').next().unwrap().to_owned());
    Ok((pair, is_bound))
}

#[derive(Default)]
struct Cookies(Option<String>);

impl HeaderFields for Cookies {
    fn has_cache_control(&self) -> bool {
        false
    }

    fn set_no_store(&mut self) {}

    fn add_vary_cookie(&mut self) {}

    fn add_set_cookie(&mut self, value: &str) -> Result<(), UnwritableField> {
        self.0 = Some(value.to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn by_policy_the_first_certificate_that_the_proxy_forwards_binds_a_session() {
    let proxies = builder(&Counting::default()).unix_socket().build().unwrap();
    let policy = BindWhenPresent::new();
    let rules = SessionManager::builder(MemoryStore::new()).certificate(policy);
    let driver = SessionDriver::new(rules.build());
    let forwarded = |hop, fields: &[(&str, &[u8])]| ask(&proxies, hop, fields).peer;
    let of = |name| {
        forwarded(
            Hop::UnixSocket,
            &[("client-cert", &field(&certificate(name)))],
        )
    };
    let absent = forwarded(Hop::UnixSocket, &[]);
    assert!(matches!(absent, PeerState::Absent), "{absent:?}");

    let (first, is_bound) = request(&driver, &absent, None, true).await.unwrap();
    assert_eq!(is_bound, Some(false));
    let first = first.unwrap();
    // What cannot be judged is refused, and never an anonymous client.
    let unreadable = forwarded(Hop::UnixSocket, &[("client-cert", b":junk:")]);
    let around = forwarded(tls(&PeerState::Absent, "192.0.2.1"), &[]);
    for peer in [&unreadable, &around] {
        for cookie in [None, Some(&*first)] {
            let refused = request(&driver, peer, cookie, true).await;
            assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
        }
    }
    let alice = of("alice");
    let (bound, is_bound) = request(&driver, &alice, Some(&first), false).await.unwrap();
    assert_eq!(is_bound, Some(true));
    let bound = bound.unwrap();
    assert_ne!(bound, first);
    for peer in [&of("bob"), &absent] {
        let thief = request(&driver, peer, Some(&bound), false).await;
        assert!(matches!(thief, Err(Error::Refused(_))), "{thief:?}");
        let old = request(&driver, peer, Some(&first), false).await.unwrap();
        assert_eq!(old, (None, None));
    }
}

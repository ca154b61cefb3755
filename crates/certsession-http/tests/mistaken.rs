//! A proxy that is taken for a client, and a client that goes around the proxy: the log says who.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use certsession_core::test_util::peer;
use certsession_core::{
    ChainVerifier, MemoryStore, PeerState, Refusal, RequestInfo, SessionManager, SignIn,
};
use certsession_http::{
    Dialect, Error, FieldValue, Hop, RequestHead, SessionDriver, SiteFields, TrustedProxies,
    report_direct_certificate_field,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps the text of each warning.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

async fn sign_in(driver: &SessionDriver<MemoryStore>, peer: &PeerState, name: &str, direct: bool) {
    let request = RequestHead {
        cookies: std::iter::empty(),
        peer,
        reads_near: false,
        request: RequestInfo::default(),
        site: SiteFields::default(),
    };
    let opened = driver.open(request).await.unwrap();
    let opened = match direct {
        true => opened,
        false => opened.forwarded(),
    };
    opened.session().sign_in(SignIn::principal(name)).unwrap();
    driver.settle(opened).await.committed.unwrap();
}

#[tokio::test]
async fn three_principals_with_one_certificate_are_a_warning_unless_a_proxy_forwards_it() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let manager: SessionManager<_> = MemoryStore::new().into();
    let driver = SessionDriver::new(manager);
    let proxy = peer("proxy");
    let count = || {
        let warnings = warnings.0.lock().unwrap();
        let is_it = |text: &&String| text.contains("principals have signed in with one client");
        warnings.iter().filter(is_it).count()
    };
    for name in ["alice", "bob", "carol", "dave"] {
        sign_in(&driver, &proxy, name, false).await;
    }
    assert_eq!(count(), 0, "the peer is a client that a proxy forwards");
    for (name, expected) in [
        ("alice", 0),
        ("bob", 0),
        ("bob", 0),
        ("carol", 1),
        ("dave", 1),
    ] {
        sign_in(&driver, &proxy, name, true).await;
        assert_eq!(count(), expected, "{name}");
    }
}

/// Is asked nothing here: the sender is none that may forward a certificate.
#[derive(Debug)]
struct Unasked;

impl ChainVerifier for Unasked {
    fn verify_chain(&self, _: &[u8], _: &[&[u8]]) -> PeerState {
        unreachable!("the sender is not the proxy")
    }

    fn generation(&self) -> u64 {
        0
    }
}

#[tokio::test]
async fn the_line_of_a_request_around_the_proxy_names_its_sender() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let manager: SessionManager<_> = MemoryStore::new().into();
    let driver = SessionDriver::new(manager);
    let proxies = TrustedProxies::builder()
        .dialect(Dialect::nginx())
        .name("proxy.example")
        .verifier(Unasked)
        .build()
        .unwrap();
    let mallory = peer("mallory");
    let hop = Hop::Tls {
        peer: &mallory,
        address: Some([192, 0, 2, 66].into()),
    };
    let claim: [(&[u8], &[u8]); 1] = [(b"ssl-client-cert", b"alice's")];
    let around = proxies.peer_of(hop, claim).peer;
    let foreign = SiteFields {
        origin: FieldValue::One(b"https://evil.example"),
        ..SiteFields::default()
    };
    // What the sender asks for, and what it says of its page, does not hide who it is.
    for (method, site) in [
        ("GET", SiteFields::default()),
        ("POST", SiteFields::default()),
        ("POST", foreign),
    ] {
        let opened = driver.open(RequestHead {
            cookies: std::iter::empty(),
            peer: &around,
            reads_near: false,
            request: RequestInfo {
                method: Some(method),
                path: Some("/me"),
                client: Some(([192, 0, 2, 66], 4711).into()),
            },
            site,
        });
        let refused = opened.await.err();
        assert!(
            matches!(refused, Some(Error::Refused(Refusal::NotTheProxy))),
            "{refused:?}"
        );
        let lines = std::mem::take(&mut *warnings.0.lock().unwrap());
        let [line] = lines.as_slice() else {
            panic!("{lines:?}");
        };
        let certificate = mallory.certificate().unwrap();
        for expected in [
            r#"event="request_refused""#,
            r#"owasp="authz_fail""#,
            r#"reason="not_the_proxy""#,
            "client=192.0.2.66:4711",
            &format!("certificate_sha256={}", certificate.fingerprint()),
            &format!("certificate_serial={}", certificate.serial()),
            &format!("certificate_subject={:?}", certificate.subject()),
            "its certificate is another one's",
        ] {
            assert!(line.contains(expected), "{expected}: {line}");
        }
    }
}

#[test]
fn the_line_of_a_certificate_field_on_a_direct_connection_names_its_sender_once() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let mallory = peer("mallory");
    let sender = || {
        let client = ([192, 0, 2, 66], 4711).into();
        (Some(mallory.clone()), Some(client))
    };
    report_direct_certificate_field("ssl-client-cert", sender);
    report_direct_certificate_field("ssl-client-cert", || unreachable!("it is asked once"));
    let lines = warnings.0.lock().unwrap();
    let [line] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    let certificate = mallory.certificate().unwrap();
    for expected in [
        r#"field="ssl-client-cert""#,
        "client=192.0.2.66:4711",
        &format!("certificate={}", certificate.fingerprint()),
        &format!("subject={:?}", certificate.subject()),
    ] {
        assert!(line.contains(expected), "{expected}: {line}");
    }
}

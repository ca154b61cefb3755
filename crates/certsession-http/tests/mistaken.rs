//! A proxy that is taken for a client: the log says it.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use certsession_core::test_util::peer;
use certsession_core::{MemoryStore, PeerState, RequestInfo, SessionManager, SignIn};
use certsession_http::{RequestHead, SessionDriver, SiteFields};
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

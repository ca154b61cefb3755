//! A list that becomes overdue while the server runs is reported, once.

use std::fs;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use certsession_core::test_util::ManualClock;
use certsession_core::{OnOverdueCrl, RevocationList};

use super::pki::Ca;
use crate::MutualTlsError;
use crate::reload::{ReloadableConfig, Watch};
use crate::settings::SharedClock;
use crate::sources::{Parts, PemSource, Sources};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The lines since the last call that say of a list that it is overdue.
    fn overdue(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        let lines = text
            .lines()
            .filter(|line| line.contains("the revocation list is overdue"));
        lines.map(str::to_owned).collect()
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

/// Takes whatever comes.
struct Anything;

impl ReloadableConfig for Anything {
    fn replace(&self, _: Parts) -> Result<(), MutualTlsError> {
        Ok(())
    }
}

#[test]
fn each_list_that_becomes_overdue_is_reported_once_whatever_the_policy() {
    for policy in [OnOverdueCrl::Refuse, OnOverdueCrl::Warn] {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .finish();
        tracing::subscriber::with_default(subscriber, || check(policy, &log));
    }
}

fn check(policy: OnOverdueCrl, log: &Log) {
    let (one, other) = (Ca::new("one"), Ca::new("other"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("crl.pem");
    // They are due in 24 and 48 hours.
    let lists = |earlier: u32| one.crl(&[], 144 - earlier).pem + &other.crl(&[], 120).pem;
    fs::write(&file, lists(0)).unwrap();
    let clock = ManualClock::at_real_time();
    let sources = Sources {
        client_cas: vec![PemSource::Bytes {
            what: "client CA",
            pem: (one.pem() + &other.pem()).into(),
        }],
        crl_files: vec![file.clone()],
        revocations: Some(RevocationList::on_overdue_crl(policy)),
        ..Sources::default()
    };
    let mut watch = Watch::begin(sources, SharedClock::new(clock.clone()));
    watch.load().unwrap();
    let config: Arc<dyn ReloadableConfig> = Arc::new(Anything);
    let reloader = watch.into_reloader(Arc::downgrade(&config));
    let said_after = |hours: u64| {
        clock.advance(Duration::from_secs(hours * 3600));
        reloader.reload_changed();
        reloader.reload_changed();
        log.overdue()
    };
    assert_eq!(said_after(23), [""; 0], "{policy:?}");
    let said = said_after(2);
    assert_eq!(said.len(), 1, "{policy:?}: {said:?}");
    assert!(said[0].contains("issuer=\"CN=one\""), "{said:?}");
    let said = said_after(24);
    assert_eq!(said.len(), 1, "{policy:?}: {said:?}");
    assert!(said[0].contains("issuer=\"CN=other\""), "{said:?}");
    // A new list is good for a day, and then overdue itself.
    let new = dir.path().join("new");
    fs::write(&new, lists(96)).unwrap();
    fs::rename(new, &file).unwrap();
    assert_eq!(said_after(1), [""; 0], "{policy:?}");
    let said = said_after(96);
    assert_eq!(said.len(), 1, "{policy:?}: {said:?}");
    assert!(said[0].contains("issuer=\"CN=one\""), "{said:?}");
}

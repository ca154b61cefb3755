//! The gauges of the lists: one value for each issuer, however many lists it has.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use certsession_core::test_util::{ManualClock, block_on};
use certsession_core::{MemoryStore, SessionManager};
use metrics::{
    Counter, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use crate::der::{Ca, DAY, List, NOW, name};
use crate::file::File;

/// The gauges, as they were set last.
#[derive(Clone, Default)]
struct Gauges(Arc<Mutex<BTreeMap<(String, String), f64>>>);

struct OfKey(Gauges, (String, String));

impl GaugeFn for OfKey {
    fn increment(&self, _: f64) {}

    fn decrement(&self, _: f64) {}

    fn set(&self, value: f64) {
        self.0.0.lock().unwrap().insert(self.1.clone(), value);
    }
}

impl Recorder for Gauges {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let labels = key.labels().map(|label| label.value().to_owned());
        let key = (key.name().to_owned(), labels.collect());
        Gauge::from_arc(Arc::new(OfKey(self.clone(), key)))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

impl Gauges {
    /// The entries, the age in days, and how many days a list is overdue.
    fn of(&self, issuer: &str) -> [f64; 3] {
        let gauges = self.0.lock().unwrap();
        let value = |name: &str, unit: f64| {
            let key = (format!("certsession_crl_{name}"), issuer.to_owned());
            gauges[&key] / unit
        };
        let day = DAY.as_secs_f64();
        [
            value("entries", 1.0),
            value("age_seconds", day),
            value("overdue_seconds", day),
        ]
    }
}

/// A server, and what its metrics show.
struct Server {
    manager: SessionManager<MemoryStore>,
    clock: ManualClock,
    gauges: Gauges,
}

impl Server {
    fn over(file: &File) -> Self {
        let clock = ManualClock::new(NOW);
        let manager = SessionManager::builder(MemoryStore::new());
        let manager = manager.revocations(&file.list).clock(clock.clone());
        Self {
            manager: manager.build(),
            clock,
            gauges: Gauges::default(),
        }
    }

    /// What is shown of an issuer so many days after [`NOW`].
    fn shows(&self, issuer: &str, days: u32) -> [f64; 3] {
        self.clock.set(NOW + DAY * days);
        metrics::with_local_recorder(&self.gauges, || {
            block_on(self.manager.health());
        });
        self.gauges.of(issuer)
    }
}

#[test]
fn a_gauge_is_of_the_list_that_is_worst_off_and_counts_the_entries_of_all() {
    let (mut old, new) = (Ca::named("ca"), Ca::named("ca"));
    old.not_after = NOW + DAY * 3;
    let file = File::of(&[&old, &new]);
    let shard = |n: u8, day| {
        let list = List::of(&[5, 6]).made(day);
        list.shard(&format!("http://c/{n}")).signed_by(&new)
    };
    let retired = List::of(&[7]).made(-2).signed_by(&old);
    file.load(&[retired, shard(0, -1), shard(1, 0)]);
    let server = Server::over(&file);
    assert_eq!(server.shows("CN=ca", 1), [5.0, 3.0, -4.0]);
    // The list of a key that is gone is overdue, and no one has to do anything about it.
    assert_eq!(server.shows("CN=ca", 6), [5.0, 7.0, 0.0]);
    assert_eq!(server.shows("CN=ca", 7), [5.0, 8.0, 1.0]);
}

#[test]
fn an_issuer_whose_lists_are_gone_is_no_longer_good() {
    let ca = Ca::named("ca");
    let file = File::of(&[&ca]);
    file.load(&[List::of(&[5]).signed_by(&ca)]);
    let server = Server::over(&file);
    assert_eq!(server.shows("CN=ca", 1), [1.0, 1.0, -6.0]);
    // The CA spells its name otherwise from now on.
    let list = List {
        issuer: Some(name(0x0c, "CA")),
        ..List::of(&[5, 6]).made(1)
    };
    file.load(&[list.signed_by(&ca)]);
    assert_eq!(server.shows("CN=CA", 1), [2.0, 0.0, -7.0]);
    let gone = server.shows("CN=ca", 1);
    assert!(gone.iter().all(|value| value.is_nan()), "{gone:?}");
}

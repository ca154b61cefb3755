//! The gauge of when certificates expire: one value for each role and subject.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use rcgen::date_time_ymd;

use super::pki::{Ca, STACKS};
use crate::ClientAuth;

/// The gauges by their last label, as they were set last.
#[derive(Clone, Default)]
struct Gauges(Arc<Mutex<BTreeMap<String, f64>>>);

struct OfSubject(Gauges, String);

impl GaugeFn for OfSubject {
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
        let subject = key.labels().last().unwrap().value().to_owned();
        Gauge::from_arc(Arc::new(OfSubject(self.clone(), subject)))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn of_two_cas_with_one_subject_the_first_to_expire_is_shown_and_none_that_is_gone() {
    // 2035-01-01.
    const FIRST: f64 = 2_051_222_400.0;
    for (stack, build) in STACKS {
        let year = |year| {
            move |ca: &mut rcgen::CertificateParams| {
                ca.not_after = date_time_ymd(year, 1, 1);
            }
        };
        let (old, new) = (Ca::with("ca", year(2035)), Ca::with("ca", year(2045)));
        let (server_ca, last) = (Ca::new("server"), Ca::new("last"));
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        let write = |contents: String| {
            let new = dir.path().join("new");
            fs::write(&new, contents).unwrap();
            fs::rename(new, &file).unwrap();
        };
        for cas in [old.pem() + &new.pem(), new.pem() + &old.pem()] {
            write(cas);
            let tls = server_ca.mutual_tls(ClientAuth::Required);
            let tls = build(&tls.client_ca_file(&file)).unwrap();
            let gauges = Gauges::default();
            let shown = || {
                metrics::with_local_recorder(&gauges, || tls.certificates().list());
                gauges.0.lock().unwrap()["CN=ca"]
            };
            assert!((shown() - FIRST).abs() < 1.0, "{stack}: {}", shown());
            write(last.pem());
            tls.reloader().reload_changed();
            assert!(shown().is_nan(), "{stack}");
        }
    }
}

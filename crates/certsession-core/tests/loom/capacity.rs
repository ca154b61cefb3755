//! Expiry and capacity.

use std::time::Duration;

use certsession_core::test_util::SampleCommit;
use certsession_core::{SessionStore, StoreErrorKind};

use crate::support::{Model, NOW, explore, is_applied, now_or_never, sample};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_session_is_cleared_away_or_used_in_time_and_never_both() {
    explore("the last use and the sweep", || {
        let model = Model::with_capacity(1);
        let deadline = NOW + MINUTE;
        let record = model.keep(sample(1).principal("alice").idle_deadline(deadline));
        let handle = record.handle();
        // A use in the last moment, and a creation a moment later that needs the place.
        let used = SampleCommit::on(&record).idle_deadline(deadline + MINUTE);
        let used = model.spawn(move |model| is_applied(&model.commit(used)));
        let next = sample(2).principal("alice").build();
        let create = model.spawn(move |model| {
            let created = now_or_never(model.0.create(next, None, deadline));
            created.map(|_| ()).map_err(|error| error.kind())
        });
        let (used, created) = (used.join().unwrap(), create.join().unwrap());
        match created {
            Ok(()) => assert!(!used),
            Err(kind) => assert_eq!((used, kind), (true, StoreErrorKind::Full)),
        }
        let is_active = now_or_never(model.0.load(handle, deadline))
            .unwrap()
            .is_some();
        assert_eq!(is_active, used);
        assert_eq!(model.0.len(), 1);
        model.audit();
    });
}

#[test]
fn the_last_place_is_taken_once_and_freed_once() {
    explore("the last place", || {
        let model = Model::with_capacity(2);
        let handle = model.keep(sample(1).principal("alice")).handle();
        let creations = [2, 3].map(|number| {
            let record = sample(number).principal("alice").build();
            model.spawn(move |model| now_or_never(model.0.create(record, None, NOW)).is_ok())
        });
        let end = model.spawn(move |model| model.remove(handle));
        let created = creations.map(|creation| creation.join().unwrap());
        assert!(end.join().unwrap());
        let created = created.iter().filter(|created| **created).count();
        assert!((1..=2).contains(&created));
        assert_eq!(model.0.len(), created);
        model.audit();
    });
}

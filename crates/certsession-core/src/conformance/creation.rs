//! Clauses about `create`.

use super::Harness;
use super::trial::{MINUTE, Trial, answered, principal};
use crate::store::{Admission, Creation, OnLimit, SessionStore, StoreErrorKind};
use crate::test_util::{SampleBinding, SampleCommit};
use std::num::NonZeroU32;
use std::sync::Arc;

/// Every field of a record is loaded as it was created.
pub fn a_record_is_loaded_as_it_was_created<H: Harness>() {
    let trial = Trial::<H>::new();
    let anonymous = trial.keep(trial.sample(1));
    let everything = trial.sample(2).principal("Ålice O'Hara, Jr.");
    let everything = everything.bound_to(&SampleBinding::new(7).issuer("another CA").build());
    let everything = everything.idle_deadline(trial.now + MINUTE);
    let everything = trial.keep(everything.insert("cart", "[7,8]").insert("theme", "\"dark\""));
    trial.assert_active(&anonymous);
    trial.assert_active(&everything);

    // Fields that no creation sets: a previous token, and an epoch.
    let renewed = trial.apply(SampleCommit::on(&anonymous).renew(trial.now + MINUTE));
    let signed_in = trial.apply(SampleCommit::on(&everything).sign_in("bob"));
    trial.assert_active(&renewed);
    trial.assert_active(&signed_in);
}

/// A creation under a taken handle returns `Exists`, and the record stays unchanged.
pub fn create_never_overwrites_a_record<H: Harness>() {
    let trial = Trial::<H>::new();
    let first = trial.keep(trial.sample(1).principal("alice").insert("a", "1"));
    let other = SampleBinding::new(2).build();
    let second = trial.sample(1).principal("bob").bound_to(&other).build();
    assert_eq!(trial.create(&second, None), Creation::Exists);
    trial.assert_active(&first);
    assert_eq!(trial.list(&principal("bob")), []);
    assert_eq!(trial.list(&SampleBinding::new(2).owner()), []);
}

/// A creation that returns `Exists` ends no session to make room.
pub fn a_creation_under_a_taken_handle_evicts_no_session<H: Harness>() {
    let trial = Trial::<H>::new();
    let taken = trial.keep(trial.sample(1).principal("bob"));
    let alices = trial.keep(trial.sample(2).principal("alice"));
    let one = Admission::at_most(NonZeroU32::MIN);
    let again = trial.sample(1).principal("alice").build();
    assert_eq!(trial.create(&again, Some(one)), Creation::Exists);
    trial.assert_active(&taken);
    trial.assert_active(&alices);
}

/// A store without room returns `Full`, and keeps its records. (Stores that can be bounded.)
pub fn a_full_store_reports_it_and_keeps_its_records<H: Harness>() {
    let Some(trial) = Trial::<H>::bounded(2) else {
        return;
    };
    let first = trial.keep(trial.sample(1));
    let second = trial.keep(trial.sample(2).principal("alice"));
    let third = trial.sample(3).principal("alice").build();
    let refused = trial.store.create(Arc::clone(&third), None, trial.now);
    let refused = trial.harness.block_on(refused);
    assert_eq!(
        refused.map_err(|error| error.kind()),
        Err(StoreErrorKind::Full)
    );
    trial.assert_active(&first);
    trial.assert_active(&second);
    trial.assert_gone(&third);
    trial.apply(SampleCommit::on(&first).insert("a", "1"));
}

/// Every end of a session frees its place exactly once, and so does a failed creation. (Stores that
/// can be bounded.)
pub fn an_ended_session_makes_room_in_a_full_store<H: Harness>() {
    let Some(trial) = Trial::<H>::bounded(4) else {
        return;
    };
    let one = Admission::at_most(NonZeroU32::MIN);
    // More rounds than there are places, so that a place that is never freed is noticed.
    for first in (0..100).step_by(10) {
        let removed = trial.keep(trial.sample(first));
        let revoked = trial.keep(trial.sample(first + 1).principal("alice"));
        let evicted = trial.keep(trial.sample(first + 2).principal("bob"));

        assert_eq!(trial.create(&removed, None), Creation::Exists);
        let next = trial.sample(first + 3).principal("bob").build();
        let refused = trial.create(&next, Some(one.on_limit(OnLimit::Refuse)));
        assert_eq!(refused, Creation::LimitReached);

        let evicted = vec![evicted.handle];
        let created = trial.create(&next, Some(one));
        assert_eq!(created, Creation::Created { evicted });
        assert!(trial.remove(removed.handle));
        assert!(trial.remove(next.handle));
        assert_eq!(trial.revoke(&principal("alice")), [revoked.handle]);
    }
    // A place that was freed twice would admit one session too many.
    for n in 100..104 {
        trial.keep(trial.sample(n));
    }
    let fifth = trial.store.create(trial.sample(104).build(), None, trial.now);
    let fifth = trial.harness.block_on(fifth).map_err(|error| error.kind());
    assert_eq!(fifth, Err(StoreErrorKind::Full));
}

/// An expired record frees its place. (Stores that can be bounded.)
pub fn an_expired_record_makes_room_in_a_full_store<H: Harness>() {
    let Some(trial) = Trial::<H>::bounded(2) else {
        return;
    };
    let deadline = trial.now + MINUTE;
    let expired = trial.keep(trial.sample(1).principal("alice").expires_at(deadline));
    let active = trial.keep(trial.sample(2).principal("alice"));
    let next = trial.sample(3).principal("alice").build();
    let created = trial.store.create(Arc::clone(&next), None, deadline);
    let evicted = vec![];
    assert_eq!(
        answered(trial.harness.block_on(created)),
        Creation::Created { evicted }
    );
    trial.assert_active(&active);
    trial.assert_active(&next);
    trial.assert_gone(&expired);
}

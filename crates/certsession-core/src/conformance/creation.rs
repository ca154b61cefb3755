//! Clauses about `create`.

use super::Harness;
use super::trial::{MINUTE, Trial, answered, principal};
use crate::store::{Admission, Creation, SessionStore, StoreErrorKind};
use crate::test_util::{SampleBinding, SampleCommit};
use std::num::NonZeroU32;
use std::sync::Arc;

/// Every field of a record comes back as it went in.
pub fn a_record_is_loaded_as_it_was_created<H: Harness>() {
    let trial = Trial::<H>::new();
    let anonymous = trial.keep(trial.sample(1));
    let everything = trial.sample(2).principal("Ålice O'Hara, Jr.");
    let everything = everything.bound_to(&SampleBinding::new(7).issuer("another CA").build());
    let everything = everything.idle_deadline(trial.now + MINUTE);
    let everything = trial.keep(everything.insert("cart", "[7,8]").insert("theme", "\"dark\""));
    trial.assert_stands(&anonymous);
    trial.assert_stands(&everything);

    // What no creation has: a previous token, and an epoch.
    let renewed = trial.apply(SampleCommit::on(&anonymous).renew(trial.now + MINUTE));
    let signed_in = trial.apply(SampleCommit::on(&everything).sign_in("bob"));
    trial.assert_stands(&renewed);
    trial.assert_stands(&signed_in);
}

/// A creation under a handle that is taken answers `Exists`, and the record stays as it is.
pub fn create_never_overwrites_a_record<H: Harness>() {
    let trial = Trial::<H>::new();
    let first = trial.keep(trial.sample(1).principal("alice").insert("a", "1"));
    let other = SampleBinding::new(2).build();
    let second = trial.sample(1).principal("bob").bound_to(&other).build();
    assert_eq!(trial.create(&second, None), Creation::Exists);
    trial.assert_stands(&first);
    assert_eq!(trial.list(&principal("bob")), []);
    assert_eq!(trial.list(&SampleBinding::new(2).owner()), []);
}

/// A creation that answers `Exists` ends no session to make room.
pub fn a_creation_that_finds_its_handle_taken_evicts_nobody<H: Harness>() {
    let trial = Trial::<H>::new();
    let taken = trial.keep(trial.sample(1).principal("bob"));
    let alices = trial.keep(trial.sample(2).principal("alice"));
    let one = Admission::at_most(NonZeroU32::MIN);
    let again = trial.sample(1).principal("alice").build();
    assert_eq!(trial.create(&again, Some(one)), Creation::Exists);
    trial.assert_stands(&taken);
    trial.assert_stands(&alices);
}

/// A store without room says `Full`, and keeps what it has. (Stores that can be bounded.)
pub fn a_full_store_says_so_and_keeps_what_it_has<H: Harness>() {
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
    trial.assert_stands(&first);
    trial.assert_stands(&second);
    trial.assert_gone(&third);
    trial.apply(SampleCommit::on(&first).insert("a", "1"));
}

/// Whatever ends a session makes room for another, once each. (Stores that can be bounded.)
pub fn what_ends_makes_room_in_a_full_store<H: Harness>() {
    let Some(trial) = Trial::<H>::bounded(3) else {
        return;
    };
    let one = Admission::at_most(NonZeroU32::MIN);
    // More rounds than there is room, so that a place that is never given back is missed, and
    // so is one given back twice.
    for round in 0..10 {
        let removed = trial.keep(trial.sample(10 * round));
        let revoked = trial.keep(trial.sample(10 * round + 1).principal("alice"));
        let evicted = trial.keep(trial.sample(10 * round + 2).principal("bob"));
        let taken = trial.store.create(Arc::clone(&removed), None, trial.now);
        let kind = trial.harness.block_on(taken).map_err(|error| error.kind());
        assert!(matches!(
            kind,
            Ok(Creation::Exists) | Err(StoreErrorKind::Full)
        ));
        assert!(trial.remove(removed.handle));
        assert_eq!(trial.revoke(&principal("alice")), [revoked.handle]);
        let next = trial.sample(10 * round + 3).principal("bob").build();
        let evicted = vec![evicted.handle];
        assert_eq!(
            trial.create(&next, Some(one)),
            Creation::Created { evicted }
        );
        assert!(trial.remove(next.handle));
    }
}

/// An expired record gives its place away. (Stores that can be bounded.)
pub fn an_expired_record_makes_room_in_a_full_store<H: Harness>() {
    let Some(trial) = Trial::<H>::bounded(2) else {
        return;
    };
    let deadline = trial.now + MINUTE;
    let expired = trial.keep(trial.sample(1).principal("alice").expires_at(deadline));
    let standing = trial.keep(trial.sample(2).principal("alice"));
    let next = trial.sample(3).principal("alice").build();
    let created = trial.store.create(Arc::clone(&next), None, deadline);
    let evicted = vec![];
    assert_eq!(
        answered(trial.harness.block_on(created)),
        Creation::Created { evicted }
    );
    trial.assert_stands(&standing);
    trial.assert_stands(&next);
    trial.assert_gone(&expired);
}

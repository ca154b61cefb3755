//! Clauses about the limit on a principal's sessions.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::Harness;
use super::trial::{MINUTE, SECOND, Trial, answered, binding_of, principal};
use crate::record::Record;
use crate::store::{Admission, Creation, OnLimit, Outcome, SessionStore};
use crate::test_util::SampleCommit;

/// A creation beyond the limit ends the oldest session.
pub fn a_creation_beyond_the_limit_ends_the_oldest<H: Harness>() {
    let trial = Trial::<H>::new();
    let [oldest, middle, newest] = three_of_alice(&trial);
    let next = trial.sample(9).principal("alice").build();
    let evicted = vec![oldest.handle];
    assert_eq!(
        trial.create(&next, Some(at_most(3))),
        Creation::Created { evicted }
    );
    trial.assert_gone(&oldest);
    for active in [middle, newest, next] {
        trial.assert_active(&active);
    }
}

/// A sign-in beyond the limit ends the oldest session.
pub fn a_sign_in_beyond_the_limit_ends_the_oldest<H: Harness>() {
    let trial = Trial::<H>::new();
    let [oldest, middle, newest] = three_of_alice(&trial);
    let anonymous = trial.keep(trial.sample(9));
    let sign_in = SampleCommit::on(&anonymous).sign_in("alice");
    let (next, evicted) = applied(trial.commit(sign_in.admission(at_most(3))));
    assert_eq!(evicted, [oldest.handle]);
    trial.assert_gone(&oldest);
    for active in [middle, newest, next] {
        trial.assert_active(&active);
    }
}

/// If the limit was lowered, as many sessions end as necessary, the oldest first.
pub fn as_many_sessions_end_as_the_limit_requires<H: Harness>() {
    let trial = Trial::<H>::new();
    let [oldest, middle, newest] = three_of_alice(&trial);
    let next = trial.sample(9).principal("alice").build();
    let evicted = vec![oldest.handle, middle.handle];
    assert_eq!(
        trial.create(&next, Some(at_most(2))),
        Creation::Created { evicted }
    );
    trial.assert_gone(&oldest);
    trial.assert_gone(&middle);
    trial.assert_active(&newest);
    trial.assert_active(&next);
}

/// If the policy refuses, a creation beyond the limit changes nothing.
pub fn a_refused_creation_changes_nothing<H: Harness>() {
    let trial = Trial::<H>::new();
    let sessions = three_of_alice(&trial);
    let next = trial.sample(9).principal("alice").build();
    let refused = trial.create(&next, Some(at_most(3).on_limit(OnLimit::Refuse)));
    assert_eq!(refused, Creation::LimitReached);
    trial.assert_gone(&next);
    for active in sessions {
        trial.assert_active(&active);
    }
    let admitted = trial.create(&next, Some(at_most(4).on_limit(OnLimit::Refuse)));
    assert_eq!(admitted, Creation::Created { evicted: vec![] });
    trial.assert_active(&next);
}

/// If the policy refuses, a sign-in beyond the limit changes nothing.
pub fn a_refused_sign_in_changes_nothing<H: Harness>() {
    let trial = Trial::<H>::new();
    let sessions = three_of_alice(&trial);
    let anonymous = trial.keep(trial.sample(9).insert("cart", "[7]"));
    let sign_in = SampleCommit::on(&anonymous).sign_in("alice").retain(&[]);
    let refuse = at_most(3).on_limit(OnLimit::Refuse);
    let refused = trial.commit(sign_in.clone().admission(refuse));
    assert_eq!(refused, Outcome::LimitReached);
    trial.assert_active(&anonymous);
    for active in &sessions {
        trial.assert_active(active);
    }
    // A session that ends makes room.
    trial.remove(sessions[1].handle);
    let (admitted, evicted) = applied(trial.commit(sign_in.admission(refuse)));
    assert_eq!(evicted, []);
    trial.assert_active(&admitted);
}

/// A principal who signs in again in the same session needs no additional place.
pub fn signing_in_again_does_not_count_the_session_itself<H: Harness>() {
    let trial = Trial::<H>::new();
    let sessions = three_of_alice(&trial);
    for policy in [OnLimit::EvictOldest, OnLimit::Refuse] {
        let record = match trial.load(sessions[0].handle) {
            Some(record) => record,
            None => panic!("the session was ended by its own sign-in"),
        };
        let again = SampleCommit::on(&record).sign_in("alice");
        let (_, evicted) = applied(trial.commit(again.admission(at_most(3).on_limit(policy))));
        assert_eq!(evicted, []);
    }
    assert_eq!(trial.list(&principal("alice")).len(), 3);
}

/// Expired sessions do not count, and are not reported as ended.
pub fn expired_sessions_do_not_count<H: Harness>() {
    let trial = Trial::<H>::new();
    let soon = trial.now + MINUTE;
    for n in 1..=3 {
        trial.keep(trial.sample(n).principal("alice").expires_at(soon));
    }
    let refuse = at_most(1).on_limit(OnLimit::Refuse);
    let next = trial.sample(9).principal("alice").build();
    let created = trial.store.create(Arc::clone(&next), Some(refuse), soon);
    assert_eq!(
        answered(trial.harness.block_on(created)),
        Creation::Created { evicted: vec![] }
    );
    trial.assert_active(&next);
}

/// Sessions of another principal do not count, and neither do anonymous sessions.
pub fn each_principal_has_a_limit_of_their_own<H: Harness>() {
    let trial = Trial::<H>::new();
    let alices = trial.keep(trial.sample(1).principal("alice"));
    let anonymous_other = trial.keep(trial.sample(2).bound_to(binding_of(&alices)));
    let bobs = trial.sample(3).principal("bob").bound_to(binding_of(&alices));
    let bobs = bobs.build();
    let refuse = Some(at_most(1).on_limit(OnLimit::Refuse));
    let created = Creation::Created { evicted: vec![] };
    assert_eq!(trial.create(&bobs, refuse), created);
    let anonymous = trial.sample(4).bound_to(binding_of(&alices)).build();
    assert_eq!(trial.create(&anonymous, refuse), created);
    for active in [alices, anonymous_other, bobs, anonymous] {
        trial.assert_active(&active);
    }
}

/// A commit without a sign-in is not limited, whether a principal is signed in or not.
pub fn a_write_is_not_limited<H: Harness>() {
    let trial = Trial::<H>::new();
    let [oldest, middle, newest] = three_of_alice(&trial);
    let refuse = at_most(1).on_limit(OnLimit::Refuse);
    for admission in [at_most(1), refuse] {
        let write = SampleCommit::on(&newest).insert("a", "1");
        trial.apply(write.admission(admission));
    }
    trial.assert_active(&oldest);
    trial.assert_active(&middle);
}

fn three_of_alice<H: Harness>(trial: &Trial<H>) -> [Arc<Record>; 3] {
    // The oldest session does not have the lowest handle.
    [5, 3, 7].map(|n| {
        let age = match n {
            5 => 3 * SECOND,
            3 => 2 * SECOND,
            _ => SECOND,
        };
        let began = crate::Timestamp::from_millis(trial.now.as_millis() - age.as_millis() as u64);
        trial.keep(trial.sample(n).created_at(began).principal("alice"))
    })
}

fn at_most(limit: u32) -> Admission {
    Admission::at_most(NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN))
}

fn applied(outcome: Outcome) -> (Arc<Record>, Vec<crate::Handle>) {
    match outcome {
        Outcome::Applied {
            record, evicted, ..
        } => (record, evicted),
        other => panic!("expected an applied commit, got {other:?}"),
    }
}

//! Clauses about `sessions`.

use super::Harness;
use super::trial::{MINUTE, SECOND, Trial, answered, handles, principal};
use crate::store::SessionStore;
use crate::test_util::SampleCommit;

/// An owner's sessions are listed oldest first; a sign-in counts as a beginning.
pub fn sessions_are_listed_oldest_first<H: Harness>() {
    let trial = Trial::<H>::new();
    // The expected order is neither that of handles nor that of creation.
    let began = |n: u32, seconds: u32| {
        let sample = trial.sample(n).created_at(trial.now + seconds * SECOND);
        trial.keep(sample.principal("alice"))
    };
    let (third, first, fourth, second) = (began(2, 30), began(4, 10), began(1, 40), began(3, 20));
    assert_eq!(
        trial.list(&principal("alice")),
        [first.handle, second.handle, third.handle, fourth.handle]
    );
    let again = SampleCommit::on(&first).sign_in("alice");
    trial.apply(again.at(trial.now + MINUTE));
    assert_eq!(
        trial.list(&principal("alice")),
        [second.handle, third.handle, fourth.handle, first.handle]
    );
}

/// Sessions are listed with their current state.
pub fn sessions_are_listed_as_they_are_now<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).principal("alice").insert("a", "1"));
    let record = trial.apply(SampleCommit::on(&record).insert("a", "2").rotate());
    let alice = principal("alice");
    let listed = trial.store.sessions(&alice, trial.now);
    let listed = answered(trial.harness.block_on(listed));
    assert_eq!(listed, [record]);
}

/// Expired and ended sessions are not listed.
pub fn only_live_sessions_are_listed<H: Harness>() {
    let trial = Trial::<H>::new();
    let alice = principal("alice");
    let soon = trial.now + MINUTE;
    let expiring = trial.keep(trial.sample(1).principal("alice").expires_at(soon));
    let idling = trial.keep(trial.sample(2).principal("alice").idle_deadline(soon));
    let active = trial.keep(trial.sample(3).principal("alice"));
    let ended = trial.keep(trial.sample(4).principal("alice"));
    trial.remove(ended.handle);

    let at = |now| handles(&answered(trial.harness.block_on(trial.store.sessions(&alice, now))));
    let mut before = at(trial.now);
    before.sort_unstable();
    assert_eq!(before, [expiring.handle, idling.handle, active.handle]);
    assert_eq!(at(soon), [active.handle]);
}

/// An unknown owner has no sessions.
pub fn an_unknown_owner_has_no_sessions<H: Harness>() {
    let trial = Trial::<H>::new();
    trial.keep(trial.sample(1).principal("alice"));
    assert_eq!(trial.list(&principal("bob")), []);
    assert_eq!(trial.revoke(&principal("bob")), []);
}

/// An owner may have many sessions: all are listed, and all are revoked.
pub fn an_owner_may_have_hundreds_of_sessions<H: Harness>() {
    let trial = Trial::<H>::new();
    let mut all: Vec<_> = (1..=300)
        .map(|n| trial.keep(trial.sample(n).principal("alice")).handle)
        .collect();
    all.sort_unstable();
    let mut listed = trial.list(&principal("alice"));
    listed.sort_unstable();
    assert_eq!(listed, all);
    assert_eq!(trial.revoke(&principal("alice")), all);
    assert_eq!(trial.list(&principal("alice")), []);
    assert!(all.iter().all(|handle| trial.load(*handle).is_none()));
}

//! Clauses about `remove` and `revoke`.

use super::Harness;
use super::trial::{SECOND, Trial, binding_of, principal};
use crate::store::{Outcome, Owner, Removal, SessionStore};
use crate::test_util::{SampleBinding, SampleCommit, SampleRecord};

/// `remove` ends a session once, and may be called again.
pub fn remove_ends_a_session_once<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).principal("alice"));
    let other = trial.keep(trial.sample(2).principal("alice"));
    assert!(trial.remove(record.handle));
    assert!(!trial.remove(record.handle));
    trial.assert_gone(&record);
    trial.assert_active(&other);
    assert!(!trial.remove(SampleRecord::new(3).build().handle));
}

/// `remove_unchanged` ends a session only if its record is still the one that was loaded.
pub fn only_an_unchanged_session_is_removed_as_unchanged<H: Harness>() {
    let trial = Trial::<H>::new();
    let first = trial.keep(trial.sample(1).principal("alice"));
    let written = trial.apply(SampleCommit::on(&first).insert("a", "1"));
    assert_eq!(trial.remove_unchanged(&first), Removal::Changed);
    trial.assert_active(&written);
    let bobs = trial.apply(SampleCommit::on(&written).sign_in("bob"));
    assert_eq!(trial.remove_unchanged(&written), Removal::Changed);
    trial.assert_active(&bobs);

    assert_eq!(trial.remove_unchanged(&bobs), Removal::Removed);
    assert_eq!(trial.remove_unchanged(&bobs), Removal::Gone);
    trial.assert_gone(&bobs);
    let late = SampleCommit::on(&bobs).insert("late", "1");
    assert_eq!(trial.commit(late), Outcome::Gone);
    let absent = trial.sample(2).build();
    assert_eq!(trial.remove_unchanged(&absent), Removal::Gone);
}

/// `end_oldest` ends the oldest sessions of an owner until so many are left, and no others.
pub fn the_oldest_sessions_end_beyond_a_number<H: Harness>() {
    let trial = Trial::<H>::new();
    let certificate = SampleBinding::new(7);
    let bound = |n: u32| {
        let began = trial.now + n * SECOND;
        let sample = trial.sample(90 - n).created_at(began);
        let sample = sample.bound_to(&certificate.clone().build());
        trial.keep(match n % 2 {
            0 => sample.principal("alice"),
            _ => sample,
        })
    };
    let sessions: Vec<_> = (0..7).map(bound).collect();
    let other = trial.keep(trial.sample(91).principal("alice"));
    let owner = certificate.owner();
    let end = |most, keep| {
        let mut ended = trial.run(trial.store.end_oldest(&owner, most, keep, trial.now));
        ended.sort_unstable();
        ended
    };
    assert_eq!(end(7, 3), []);
    // The younger a session, the lower its handle.
    assert_eq!(end(6, 5), [sessions[1].handle, sessions[0].handle]);
    assert_eq!(end(5, 1), []);
    for gone in &sessions[..2] {
        trial.assert_gone(gone);
    }
    for active in sessions[2..].iter().chain([&other]) {
        trial.assert_active(active);
    }
    let unknown = principal("unknown");
    let ended = trial.run(trial.store.end_oldest(&unknown, 0, 0, trial.now));
    assert_eq!(ended, []);
}

/// `revoke` ends every session of a principal and no other, and returns their handles.
pub fn revoke_ends_all_sessions_of_a_principal_and_no_others<H: Harness>() {
    let trial = Trial::<H>::new();
    let alices = [1, 2, 3].map(|n| trial.keep(trial.sample(n).principal("alice")));
    let signed_in = trial.keep(trial.sample(4));
    let signed_in = trial.apply(SampleCommit::on(&signed_in).sign_in("alice"));
    let bobs = trial.keep(trial.sample(5).principal("bob"));
    let anonymous = trial.keep(trial.sample(6));

    let mut expected: Vec<_> = alices.iter().map(|record| record.handle).collect();
    expected.push(signed_in.handle);
    expected.sort_unstable();
    assert_eq!(trial.revoke(&principal("alice")), expected);
    assert_eq!(trial.revoke(&principal("alice")), []);
    for gone in alices.iter().chain([&signed_in]) {
        trial.assert_gone(gone);
        let late = SampleCommit::on(gone).insert("late", "1");
        assert_eq!(trial.commit(late), Outcome::Gone);
        assert!(!trial.remove(gone.handle));
    }
    trial.assert_active(&bobs);
    trial.assert_active(&anonymous);
}

/// `revoke` ends every session of a certificate, whichever principal is signed in.
pub fn revoke_ends_all_sessions_of_a_certificate_and_no_others<H: Harness>() {
    let trial = Trial::<H>::new();
    let certificate = SampleBinding::new(7);
    let bound = |n| trial.sample(n).bound_to(&certificate.clone().build());
    let sessions = [
        trial.keep(bound(1)),
        trial.keep(bound(2).principal("alice")),
        trial.keep(bound(3).principal("bob")),
    ];
    let other = trial.keep(trial.sample(8).principal("alice"));
    let mut expected: Vec<_> = sessions.iter().map(|record| record.handle).collect();
    expected.sort_unstable();
    assert_eq!(trial.revoke(&certificate.owner()), expected);
    for gone in &sessions {
        trial.assert_gone(gone);
    }
    trial.assert_active(&other);
}

/// The same serial number under another issuer is another certificate.
pub fn the_same_serial_under_another_issuer_is_another_certificate<H: Harness>() {
    let trial = Trial::<H>::new();
    let (ours, theirs) = (
        SampleBinding::new(7),
        SampleBinding::new(7).issuer("another CA"),
    );
    let our_session = trial.keep(trial.sample(1).bound_to(&ours.clone().build()));
    let their_session = trial.keep(trial.sample(2).bound_to(&theirs.clone().build()));
    assert_eq!(trial.list(&ours.clone().owner()), [our_session.handle]);
    assert_eq!(trial.revoke(&theirs.owner()), [their_session.handle]);
    trial.assert_active(&our_session);
    trial.assert_gone(&their_session);
}

/// A principal's name and a certificate never share an index, and neither do names with a common
/// prefix.
pub fn owners_that_look_alike_are_kept_apart<H: Harness>() {
    let trial = Trial::<H>::new();
    let names = ["a", "ab", "A", "p", "c", "*", "a*", "{a}", "a:b", "a/b", "é", "e\u{301}"];
    let sessions: Vec<_> = (1..)
        .zip(names)
        .map(|(n, name)| trial.keep(trial.sample(n).principal(name)))
        .collect();
    for (name, session) in names.iter().zip(&sessions) {
        assert_eq!(trial.list(&principal(name)), [session.handle], "{name:?}");
        let certificate = Owner::bound_to(binding_of(session));
        assert_eq!(trial.list(&certificate), [session.handle]);
    }
    assert_eq!(trial.revoke(&principal("a*")), [sessions[6].handle]);
    for session in sessions.iter().filter(|s| s.handle != sessions[6].handle) {
        trial.assert_active(session);
    }
}

/// `revoke` does not block an owner: a session that signs in afterwards is active and listed.
pub fn revoke_does_not_touch_what_comes_after_it<H: Harness>() {
    let trial = Trial::<H>::new();
    trial.keep(trial.sample(1).principal("alice"));
    trial.revoke(&principal("alice"));
    let next = trial.keep(trial.sample(2).principal("alice"));
    trial.assert_active(&next);
    let anonymous = trial.keep(trial.sample(3));
    let signed_in = trial.apply(SampleCommit::on(&anonymous).sign_in("alice"));
    trial.assert_active(&signed_in);
}

/// A session that moved from one principal to another is revoked only with the new one.
pub fn a_moved_session_is_revoked_only_with_its_new_owner<H: Harness>() {
    let trial = Trial::<H>::new();
    let alices = trial.keep(trial.sample(1).principal("alice"));
    let bobs = trial.apply(SampleCommit::on(&alices).sign_in("bob"));
    assert_eq!(trial.revoke(&principal("alice")), []);
    trial.assert_active(&bobs);
    assert_eq!(trial.revoke(&principal("bob")), [bobs.handle]);
    trial.assert_gone(&bobs);
}

//! Clauses about a record that changes its owner, by a sign-in or a renewed certificate.

use super::Harness;
use super::trial::{MINUTE, Trial, binding_of, principal};
use crate::store::Owner;
use crate::store::{Outcome, Removal};
use crate::test_util::{SampleBinding, SampleCommit};

/// A sign-in adds the record to its principal's index, and removes it from the previous
/// principal's.
pub fn a_sign_in_moves_the_record_between_principals<H: Harness>() {
    let trial = Trial::<H>::new();
    let anonymous = trial.keep(trial.sample(1));
    assert_eq!(trial.list(&principal("alice")), []);

    let alices = trial.apply(SampleCommit::on(&anonymous).sign_in("alice"));
    trial.assert_active(&alices);
    assert_eq!(trial.list(&principal("alice")), [alices.handle]);

    let bobs = trial.apply(SampleCommit::on(&alices).sign_in("bob"));
    trial.assert_active(&bobs);
    assert_eq!(trial.list(&principal("bob")), [bobs.handle]);
    assert_eq!(trial.list(&principal("alice")), []);
}

/// A sign-in counts as a privilege change, and restarts the session's lifetime.
pub fn a_sign_in_raises_the_epoch_and_restarts_the_lifetime<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).insert("cart", "[7]").insert("theme", "1"));
    let later = trial.now + MINUTE;
    let sign_in = SampleCommit::on(&record).sign_in("alice").at(later);
    let sign_in = sign_in.retain(&["cart"]);
    let deadline = record.absolute_deadline + MINUTE;
    let signed_in = trial.apply(sign_in.absolute_deadline(deadline));
    assert_eq!(signed_in.epoch, record.epoch + 1);
    assert_eq!(signed_in.created_at, later);
    assert_eq!(signed_in.absolute_deadline, deadline);
    assert_eq!(signed_in.data.get("cart"), Some(&b"[7]"[..]));
    assert_eq!(signed_in.data.get("theme"), None);
    trial.assert_active(&signed_in);
}

/// A stale sign-in leaves the index unchanged.
pub fn a_stale_sign_in_leaves_the_index_alone<H: Harness>() {
    let trial = Trial::<H>::new();
    let loaded = trial.keep(trial.sample(1));
    let alices = trial.apply(SampleCommit::on(&loaded).sign_in("alice"));
    trial.commit(SampleCommit::on(&loaded).sign_in("bob"));
    trial.assert_active(&alices);
    assert_eq!(trial.list(&principal("bob")), []);
}

/// A rebind moves the record from the old certificate's index to the new one's.
pub fn a_rebind_moves_the_record_between_certificates<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).principal("alice"));
    let old = Owner::bound_to(binding_of(&record));
    let renewed = SampleBinding::new(2).same_key_as(1).newer_by(MINUTE);
    let rebind = SampleCommit::on(&record).rebind(&renewed.clone().build());
    let rebound = trial.apply(rebind.renew(trial.now + MINUTE));
    assert_eq!(*binding_of(&rebound), renewed.clone().build());
    assert_eq!(trial.list(&renewed.owner()), [record.handle]);
    assert_eq!(trial.list(&old), []);
    trial.assert_active(&rebound);
}

/// A certificate that is not newer than the bound one never gets the session, whichever request
/// commits last.
pub fn an_older_certificate_never_wins<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1));
    let (older, newer) = (SampleBinding::new(2), SampleBinding::new(3));
    let older = older.newer_by(MINUTE);
    let newer = newer.newer_by(2 * MINUTE);
    let to_newer = SampleCommit::on(&record).rebind(&newer.clone().build());
    let rebound = trial.apply(to_newer.renew(trial.now + MINUTE));

    let to_older = SampleCommit::on(&rebound).rebind(&older.clone().build());
    let to_older = to_older.absolute_deadline(trial.now + 2 * MINUTE);
    let kept = trial.apply(to_older.renew(trial.now + MINUTE));
    assert_eq!(*binding_of(&kept), newer.clone().build());
    // The deadline that was computed for the rejected rebind is ignored.
    assert_eq!(kept.absolute_deadline, rebound.absolute_deadline);
    assert_eq!(trial.list(&older.owner()), []);
    assert_eq!(trial.list(&newer.owner()), [record.handle]);
    trial.assert_active(&kept);
}

/// A session is rebound to a renewed certificate together with the new token, or not at all: a
/// token that lost a race does not rebind the session either.
pub fn a_rebind_that_lost_the_token_race_is_ignored<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1));
    let until = trial.now + MINUTE;
    trial.apply(SampleCommit::on(&record).renew(until));
    let renewed = SampleBinding::new(2).newer_by(MINUTE);
    let late = SampleCommit::on(&record).rebind(&renewed.clone().build());
    let late = late.renew(until).insert("a", "1");
    let kept = trial.apply(late.absolute_deadline(trial.now + 2 * MINUTE));
    assert_eq!(kept.binding, record.binding);
    assert_eq!(kept.absolute_deadline, record.absolute_deadline);
    assert_eq!(kept.data.get("a"), Some(&b"1"[..]));
    assert_eq!(trial.list(&renewed.owner()), []);
    trial.assert_active(&kept);
}

/// A sign-in and a rebind in one commit move the record in both indexes.
pub fn a_sign_in_under_a_renewed_certificate_moves_both<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).principal("alice"));
    let old = Owner::bound_to(binding_of(&record));
    let renewed = SampleBinding::new(2).newer_by(MINUTE);
    let both = SampleCommit::on(&record).sign_in("bob");
    let moved = trial.apply(both.rebind(&renewed.clone().build()));
    trial.assert_active(&moved);
    for (owner, sessions) in [
        (principal("alice"), vec![]),
        (old, vec![]),
        (principal("bob"), vec![moved.handle]),
        (renewed.owner(), vec![moved.handle]),
    ] {
        assert_eq!(trial.list(&owner), sessions, "{owner:?}");
    }
}

/// A principal who signs in again keeps exactly one index entry.
pub fn signing_in_again_keeps_one_entry<H: Harness>() {
    let trial = Trial::<H>::new();
    let mut record = trial.keep(trial.sample(1).principal("alice"));
    for _ in 0..3 {
        record = trial.apply(SampleCommit::on(&record).sign_in("alice"));
        assert_eq!(trial.list(&principal("alice")), [record.handle]);
    }
    assert_eq!(trial.revoke(&principal("alice")), [record.handle]);
    trial.assert_gone(&record);
}

/// A record of a session that began without a certificate has no owner, and is kept, written to
/// and ended like any other.
pub fn a_record_without_a_certificate_has_no_owner<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).unbound().insert("a", "1"));
    assert_eq!(record.owners().count(), 0);
    trial.assert_active(&record);
    let written = trial.apply(SampleCommit::on(&record).insert("b", "2"));
    assert_eq!(written.data.iter().count(), 2);
    let renewed = trial.apply(SampleCommit::on(&written).renew(trial.now + MINUTE));
    trial.assert_active(&renewed);
    assert_eq!(trial.remove_unchanged(&written), Removal::Changed);
    assert_eq!(trial.remove_unchanged(&renewed), Removal::Removed);
    trial.assert_gone(&renewed);
    let other = trial.keep(trial.sample(2).unbound());
    assert!(trial.remove(other.handle));
    trial.assert_gone(&other);
}

/// The first certificate gets the record, in its index too, together with a new token and a new
/// epoch; what was loaded before is stale then. Without a new token nothing is bound.
pub fn a_first_certificate_gets_the_record_with_a_new_token<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).unbound().insert("a", "1").insert("b", "2"));
    let certificate = SampleBinding::new(2);
    let (binding, owner) = (certificate.clone().build(), certificate.owner());
    let without_token = trial.apply(SampleCommit::on(&record).rebind(&binding));
    assert_eq!(without_token.binding, None);
    assert_eq!(trial.list(&owner), []);

    let bind = SampleCommit::on(&without_token).rebind(&binding).retain(&["a"]).rotate();
    let bound = trial.apply(bind);
    assert_eq!(*binding_of(&bound), binding);
    assert_eq!(bound.epoch, record.epoch + 1);
    assert_eq!(bound.previous, None);
    assert_eq!(bound.data.iter().count(), 1);
    assert_eq!(trial.list(&owner), [bound.handle]);
    trial.assert_active(&bound);
    for late in [
        SampleCommit::on(&without_token).insert("c", "3"),
        SampleCommit::on(&without_token).rotate(),
        SampleCommit::on(&without_token).rebind(&SampleBinding::new(3).build()).rotate(),
    ] {
        assert_eq!(trial.commit(late), Outcome::Stale);
    }
    trial.assert_active(&bound);
    assert_eq!(trial.revoke(&owner), [bound.handle]);
    trial.assert_gone(&bound);
}

/// A record without a certificate gets no principal.
pub fn no_principal_signs_in_without_a_certificate<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).unbound());
    assert_eq!(trial.commit(SampleCommit::on(&record).sign_in("alice")), Outcome::Stale);
    trial.assert_active(&record);
    assert_eq!(trial.list(&principal("alice")), []);
}

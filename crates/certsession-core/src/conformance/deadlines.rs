//! Clauses about the deadlines that a commit moves.

use super::Harness;
use super::trial::{MINUTE, Trial, binding_of};
use crate::test_util::{SampleBinding, SampleCommit};

/// The later of two uses counts, whichever is committed last.
pub fn the_idle_deadline_never_moves_back<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).idle_deadline(trial.now + MINUTE));
    let far = trial.now + 3 * MINUTE;
    let late = SampleCommit::on(&record).at(trial.now + MINUTE / 2);
    trial.apply(late.idle_deadline(far));
    let early = SampleCommit::on(&record).insert("a", "1");
    let kept = trial.apply(early.idle_deadline(trial.now + 2 * MINUTE));
    assert_eq!(kept.idle_deadline, far);
    assert_eq!(kept.last_seen_at, trial.now + MINUTE / 2);
    trial.assert_active(&kept);
}

/// The idle deadline is never after the absolute one, whatever a request asks for.
pub fn the_idle_deadline_never_passes_the_absolute_one<H: Harness>() {
    let trial = Trial::<H>::new();
    let end = trial.now + 5 * MINUTE;
    let record = trial.keep(trial.sample(1).expires_at(end));
    let kept = trial.apply(SampleCommit::on(&record).idle_deadline(end + MINUTE));
    assert_eq!((kept.idle_deadline, kept.absolute_deadline), (end, end));

    // An earlier absolute deadline moves the idle deadline with it.
    let near = trial.now + 2 * MINUTE;
    let sign_in = SampleCommit::on(&kept).sign_in("alice");
    let kept = trial.apply(sign_in.absolute_deadline(near));
    assert_eq!((kept.idle_deadline, kept.absolute_deadline), (near, near));
    trial.assert_active(&kept);
    assert_eq!(trial.load_at(kept.handle, near), None);
}

/// A commit that restarts no lifetime leaves the absolute deadline unchanged.
pub fn a_write_leaves_the_absolute_deadline_alone<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1));
    let write = SampleCommit::on(&record).insert("a", "1");
    let written = trial.apply(write.idle_deadline(record.absolute_deadline));
    assert_eq!(written.absolute_deadline, record.absolute_deadline);
    let renewed = trial.apply(SampleCommit::on(&record).renew(trial.now + MINUTE));
    assert_eq!(renewed.absolute_deadline, record.absolute_deadline);
}

/// A session never outlives the certificate that it is bound to.
pub fn a_session_never_outlives_its_certificate<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1));
    let after = binding_of(&record).not_after() + MINUTE;
    let sign_in = SampleCommit::on(&record).sign_in("alice");
    let signed_in = trial.apply(sign_in.absolute_deadline(after).idle_deadline(after));
    assert_eq!(signed_in.absolute_deadline, binding_of(&record).not_after());
    assert_eq!(signed_in.idle_deadline, binding_of(&record).not_after());

    let renewed = SampleBinding::new(2).newer_by(MINUTE).build();
    let rebind = SampleCommit::on(&signed_in).rebind(&renewed);
    let rebind = rebind.renew(trial.now + MINUTE).absolute_deadline(after);
    let rebound = trial.apply(rebind.idle_deadline(after));
    assert_eq!(rebound.absolute_deadline, renewed.not_after());
    trial.assert_active(&rebound);
}

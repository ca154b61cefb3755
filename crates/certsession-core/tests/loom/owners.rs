//! Index and records agree while sessions move between owners.

use std::time::Duration;

use certsession_core::test_util::{SampleBinding, SampleCommit};
use certsession_core::{Outcome, Owner};

use crate::support::{Model, NOW, explore, is_applied, principal, sample};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_session_that_moves_while_both_owners_are_revoked_is_gone_or_moved() {
    explore("hand-over and two revokes", || {
        let model = Model::new();
        let loaded = model.keep(sample(1).principal("alice"));
        let handle = loaded.handle();
        let hand_over = SampleCommit::on(&loaded).sign_in("carol");
        let hand_over = model.spawn(move |model| model.commit(hand_over));
        let revokes = ["alice", "carol"]
            .map(|name| model.spawn(move |model| model.revoke(&principal(name)).len()));
        let outcome = hand_over.join().unwrap();
        let ended: usize = revokes.map(|revoke| revoke.join().unwrap()).iter().sum();
        assert!(
            is_applied(&outcome) || outcome == Outcome::Gone,
            "{outcome:?}"
        );
        let active = model.load(handle);
        assert_eq!(ended, usize::from(active.is_none()));
        // If the commit that made it carol's was applied, alice's revoke cannot have ended it.
        let expected: Vec<_> = active.iter().map(|record| record.handle()).collect();
        assert_eq!(model.sessions(&principal("carol")), expected);
        assert_eq!(model.sessions(&principal("alice")), []);
        if let Some(record) = active {
            assert!(is_applied(&outcome));
            assert_eq!(record.principal().unwrap().as_str(), "carol");
        }
        model.audit();
    });
}

#[test]
fn a_session_that_moved_is_not_revoked_with_its_old_owner() {
    explore("hand-over and the old owner's revoke", || {
        let model = Model::new();
        let loaded = model.keep(sample(1).principal("alice"));
        let handle = loaded.handle();
        let hand_over = SampleCommit::on(&loaded).sign_in("carol");
        let hand_over = model.spawn(move |model| {
            let outcome = model.commit(hand_over);
            (is_applied(&outcome), model.load(handle).is_some())
        });
        let revoke = model.spawn(|model| model.revoke(&principal("alice")));
        let (moved, is_there) = hand_over.join().unwrap();
        assert_eq!(moved, is_there, "reported as carol's, but ended as alice's");
        assert_eq!(revoke.join().unwrap().is_empty(), moved);
        model.audit();
    });
}

#[test]
fn of_two_renewed_certificates_one_has_the_session_the_token_and_the_index() {
    explore("two rebinds and a revoke", || {
        let model = Model::new();
        let loaded = model.keep(sample(1));
        let handle = loaded.handle();
        let renewed = |n: u32| SampleBinding::new(10 + n).newer_by(n * MINUTE);
        let rebinds = [1, 2].map(|n| {
            let commit = SampleCommit::on(&loaded).rebind(&renewed(n).build());
            let commit = commit.renew(NOW + MINUTE);
            model.spawn(move |model| model.commit(commit))
        });
        let old = SampleBinding::new(1).owner();
        let revoke = model.spawn(move |model| model.revoke(&old).len());
        let outcomes = rebinds.map(|rebind| rebind.join().unwrap());
        let revoked = revoke.join().unwrap();
        let rotated = outcomes.map(|o| matches!(o, Outcome::Applied { rotated: true, .. }));
        let Some(record) = model.load(handle) else {
            assert_eq!((rotated, revoked), ([false, false], 1));
            model.audit();
            return;
        };
        assert_eq!(revoked, 0);
        assert_ne!(rotated[0], rotated[1]);
        for (n, has_token) in (1..).zip(rotated) {
            assert_eq!(record.binding() == Some(&*renewed(n).build()), has_token);
            let listed = model.sessions(&renewed(n).owner()).len();
            assert_eq!(listed, usize::from(has_token));
        }
        model.audit();
    });
}

#[test]
fn owners_named_in_opposite_orders_never_deadlock() {
    // Each certificate is in the same part of the index as the other record's principal. So each
    // record names its owners in the opposite order of parts, and without a fixed lock order the
    // two would deadlock.
    let certificate_in = |part| (1..).find(|n| part_of(&SampleBinding::new(*n).owner()) == part);
    let certificates = [certificate_in(0).unwrap(), certificate_in(1).unwrap()];
    let name_in = |part| {
        let mut names = ["alice", "bob", "carol", "dave", "eve", "frank"].into_iter();
        names.find(|name| part_of(&principal(name)) == part)
    };
    let names = [name_in(1).unwrap(), name_in(0).unwrap()];
    explore("hand-overs crosswise", move || {
        let model = Model::new();
        let first = model.keep(sample(certificates[0]).principal(names[0]));
        let second = model.keep(sample(certificates[1]).principal(names[1]));
        let crosswise = [(first, names[1]), (second, names[0])].map(|(session, name)| {
            let commit = SampleCommit::on(&session).sign_in(name);
            model.spawn(move |model| is_applied(&model.commit(commit)))
        });
        assert!(crosswise.map(|task| task.join().unwrap()) == [true, true]);
        assert_eq!(model.sessions(&principal(names[0])).len(), 1);
        assert_eq!(model.sessions(&principal(names[1])).len(), 1);
        model.audit();
    });
}

/// Under the model checker the index has two parts, each with a lock of its own.
fn part_of(owner: &Owner) -> u8 {
    owner.key().as_bytes()[0] % 2
}

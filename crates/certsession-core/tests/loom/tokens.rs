//! At most one token is valid beyond the grace period.

use std::time::Duration;

use certsession_core::Outcome;
use certsession_core::test_util::SampleCommit;

use crate::support::{Model, NOW, explore, is_applied, principal, sample};

const GRACE: Duration = Duration::from_secs(30);

/// Whether the commit's new token is in force.
fn is_rotated(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Applied { rotated: true, .. })
}

#[test]
fn of_three_renewals_at_once_one_token_wins_and_no_data_is_lost() {
    explore("three renewals", || {
        let model = Model::new();
        let loaded = model.keep(sample(1));
        let renewals = ["a", "b", "c"].map(|key| {
            let commit = SampleCommit::on(&loaded)
                .insert(key, "1")
                .renew(NOW + GRACE);
            model.spawn(move |model| model.commit(commit))
        });
        let outcomes = renewals.map(|renewal| renewal.join().unwrap());
        assert!(outcomes.iter().all(is_applied));
        assert_eq!(outcomes.iter().filter(|o| is_rotated(o)).count(), 1);
        let record = model.load(loaded.handle()).unwrap();
        assert_eq!(record.data().iter().count(), 3);
    });
}

#[test]
fn of_two_privilege_changes_and_a_renewal_by_one_token_one_privilege_change_wins() {
    explore("two rotations and a renewal", || {
        let model = Model::new();
        let loaded = model.keep(sample(1));
        let rotations = [(); 2].map(|()| {
            let commit = SampleCommit::on(&loaded).rotate();
            model.spawn(move |model| model.commit(commit))
        });
        let renewal = SampleCommit::on(&loaded).renew(NOW + GRACE);
        let renewal = model.spawn(move |model| model.commit(renewal));
        let rotations = rotations.map(|rotation| rotation.join().unwrap());
        assert!(is_applied(&renewal.join().unwrap()));
        let rotated = rotations.iter().filter(|outcome| is_rotated(outcome));
        assert_eq!(rotated.count(), 1);
        assert!(rotations.contains(&Outcome::Stale));
        // The token of the winning rotation is in force: a renewal never undoes it.
        let record = model.load(loaded.handle()).unwrap();
        let by_winner = SampleCommit::on(&record).rotate();
        assert!(is_rotated(&model.commit(by_winner)));
        let by_loaded = SampleCommit::on(&loaded).rotate();
        assert_eq!(model.commit(by_loaded), Outcome::Stale);
    });
}

#[test]
fn of_two_sign_ins_in_one_session_one_is_applied_despite_a_renewal() {
    explore("two sign-ins and a renewal", || {
        let model = Model::new();
        let loaded = model.keep(sample(1));
        let names = ["alice", "carol"];
        let sign_ins = names.map(|name| {
            let commit = SampleCommit::on(&loaded).sign_in(name);
            model.spawn(move |model| model.commit(commit))
        });
        let renewal = SampleCommit::on(&loaded).renew(NOW + GRACE);
        let renewal = model.spawn(move |model| model.commit(renewal));
        let outcomes = sign_ins.map(|sign_in| sign_in.join().unwrap());
        assert!(matches!(
            renewal.join().unwrap(),
            Outcome::Applied { .. } | Outcome::Stale
        ));
        for (name, outcome) in names.iter().zip(&outcomes) {
            let listed = model.sessions(&principal(name));
            assert_eq!(listed.len(), usize::from(is_applied(outcome)));
        }
        assert_eq!(outcomes.iter().filter(|o| is_applied(o)).count(), 1);
        assert!(outcomes.contains(&Outcome::Stale));
        model.audit();
    });
}

#[test]
fn of_two_sign_ins_of_the_signed_in_principal_one_is_applied() {
    explore("two sign-ins of one principal", || {
        let model = Model::new();
        let loaded = model.keep(sample(1).principal("alice"));
        let sign_ins = [(); 2].map(|()| {
            let commit = SampleCommit::on(&loaded).sign_in("alice");
            model.spawn(move |model| model.commit(commit))
        });
        let outcomes = sign_ins.map(|sign_in| sign_in.join().unwrap());
        assert_eq!(outcomes.iter().filter(|o| is_applied(o)).count(), 1);
        assert!(outcomes.contains(&Outcome::Stale));
        assert_eq!(model.sessions(&principal("alice")), [loaded.handle()]);
        model.audit();
    });
}

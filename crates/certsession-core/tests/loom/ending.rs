//! The end is final: no operation brings a session back, and `revoke` misses no session.

use certsession_core::test_util::{SampleBinding, SampleCommit};
use certsession_core::{Creation, Outcome, Owner};

use crate::support::{Model, explore, is_applied, principal, sample};

#[test]
fn neither_a_writer_nor_a_sign_in_brings_a_removed_session_back() {
    explore("writer, sign-in and end", || {
        let model = Model::new();
        let loaded = model.keep(sample(1).principal("alice"));
        let handle = loaded.handle();
        let write = SampleCommit::on(&loaded).insert("late", "1");
        let writer = model.spawn(move |model| model.commit(write));
        let sign_in = SampleCommit::on(&loaded).sign_in("carol");
        let sign_in = model.spawn(move |model| model.commit(sign_in));
        let end = model.spawn(move |model| {
            let ended = model.remove(handle);
            (ended, model.load(handle))
        });
        let outcomes = [writer.join().unwrap(), sign_in.join().unwrap()];
        assert_eq!(end.join().unwrap(), (true, None));
        for outcome in outcomes {
            let is_fine = is_applied(&outcome) || matches!(outcome, Outcome::Gone | Outcome::Stale);
            assert!(is_fine, "{outcome:?}");
        }
        assert_eq!(model.load(handle), None);
        assert_eq!(model.0.len(), 0);
        model.audit();
    });
}

#[test]
fn of_concurrent_ends_exactly_one_reports_the_end() {
    explore("two ends and a revoke", || {
        let model = Model::new();
        let handle = model.keep(sample(1).principal("alice")).handle();
        let ends = [(); 2].map(|()| model.spawn(move |model| usize::from(model.remove(handle))));
        let revoke = model.spawn(|model| model.revoke(&principal("alice")).len());
        let removed: usize = ends.map(|end| end.join().unwrap()).iter().sum();
        assert_eq!(removed + revoke.join().unwrap(), 1);
        assert_eq!(model.load(handle), None);
        model.audit();
    });
}

#[test]
fn revoke_leaves_none_of_the_earlier_sessions_and_finds_each_later_one() {
    explore("revoke, creation and sign-in", || {
        let model = Model::new();
        let earlier = model.keep(sample(1).principal("alice"));
        let anonymous = model.keep(sample(2));
        let alice = principal("alice");

        let revoke = model.spawn(|model| model.revoke(&principal("alice")));
        let next = sample(3).principal("alice").build();
        let created = next.handle();
        let create = model.spawn(move |model| model.create(&next, None));
        let sign_in = SampleCommit::on(&anonymous).sign_in("alice");
        let sign_in = model.spawn(move |model| model.commit(sign_in));

        let revoked = revoke.join().unwrap();
        let outcome = create.join().unwrap();
        assert_eq!(outcome, Creation::Created { evicted: vec![] });
        assert!(is_applied(&sign_in.join().unwrap()));
        assert!(revoked.contains(&earlier.handle()));
        let listed = model.sessions(&alice);
        for handle in [earlier.handle(), anonymous.handle(), created] {
            let is_active = model.load(handle).is_some();
            assert_eq!(is_active, !revoked.contains(&handle));
            assert_eq!(is_active, listed.contains(&handle));
        }
        model.audit();
        // A second revoke ends whatever was created after the first.
        assert_eq!(model.revoke(&alice).len() + revoked.len(), 3);
        model.audit();
        assert_eq!(model.0.len(), 0);
    });
}

#[test]
fn a_session_that_was_seen_before_a_revoke_is_gone_after_it() {
    explore("sign-in, seen, then revoked", || {
        let model = Model::new();
        let anonymous = model.keep(sample(1));
        let handle = anonymous.handle();
        let sign_in = SampleCommit::on(&anonymous).sign_in("alice");
        let sign_in = model.spawn(move |model| model.commit(sign_in));
        let next = sample(2).principal("alice").build();
        let created = next.handle();
        let create = model.spawn(move |model| model.create(&next, None));
        // A caller that sees alice signed in and then revokes her sessions must have ended this
        // one.
        let seen = |model: &Model, handle| {
            let loaded = model.load(handle);
            loaded.is_some_and(|record| record.principal().is_some())
        };
        let (saw_sign_in, saw_created) = (seen(&model, handle), seen(&model, created));
        let revoked = model.revoke(&principal("alice"));
        assert!(!saw_sign_in || revoked.contains(&handle));
        assert!(!saw_created || revoked.contains(&created));
        sign_in.join().unwrap();
        create.join().unwrap();
        for handle in [handle, created] {
            assert!(!revoked.contains(&handle) || model.load(handle).is_none());
        }
        model.audit();
    });
}

#[test]
fn revoking_a_principal_and_a_certificate_at_once_ends_each_session_once() {
    explore("two revokes", || {
        let model = Model::new();
        let shared = SampleBinding::new(1);
        let bound = |n| sample(n).bound_to(&SampleBinding::new(1).build());
        let both = model.keep(bound(1).principal("alice"));
        let alices = model.keep(sample(2).principal("alice"));
        let bound = model.keep(bound(3));
        let by_principal = model.spawn(|model| model.revoke(&principal("alice")));
        let certificate: Owner = shared.owner();
        let by_certificate = model.spawn(move |model| model.revoke(&certificate));
        let mut revoked = by_principal.join().unwrap();
        revoked.extend(by_certificate.join().unwrap());
        revoked.sort_unstable();
        assert_eq!(revoked, [both.handle(), alices.handle(), bound.handle()]);
        assert_eq!(model.0.len(), 0);
        model.audit();
    });
}

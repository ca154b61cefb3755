//! No key is lost, and no writer from before a sign-in writes after it.

use certsession_core::Outcome;
use certsession_core::test_util::SampleCommit;

use crate::support::{Model, explore, is_applied, sample};

#[test]
fn of_three_writers_of_different_keys_none_is_lost() {
    explore("three writers", || {
        let model = Model::new();
        let loaded = model.keep(sample(1));
        let handle = loaded.handle();
        // The third has loaded its session before the others begin.
        let third = SampleCommit::on(&loaded).insert("c", "1");
        let writers = [
            model.spawn(move |model| model.request(handle, |commit| commit.insert("a", "1"))),
            model.spawn(move |model| model.request(handle, |commit| commit.insert("b", "1"))),
            model.spawn(move |model| model.commit(third)),
        ];
        for writer in writers {
            assert!(is_applied(&writer.join().unwrap()));
        }
        let record = model.load(handle).unwrap();
        let keys: Vec<_> = record.data().iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["a", "b", "c"]);
        model.audit();
    });
}

#[test]
fn a_removed_key_and_a_written_one_do_not_undo_each_other() {
    explore("writer and remover", || {
        let model = Model::new();
        let record = model.keep(sample(1).insert("old", "1").insert("kept", "1"));
        let handle = record.handle();
        let writer =
            model.spawn(move |model| model.request(handle, |commit| commit.insert("new", "1")));
        let remover =
            model.spawn(move |model| model.request(handle, |commit| commit.remove("old")));
        assert!(is_applied(&writer.join().unwrap()));
        assert!(is_applied(&remover.join().unwrap()));
        let record = model.load(handle).unwrap();
        let keys: Vec<_> = record.data().iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["kept", "new"]);
    });
}

#[test]
fn a_sign_in_carries_what_a_writer_has_written() {
    explore("writer and a sign-in that carries", || {
        let model = Model::new();
        let loaded = model.keep(sample(1).insert("old", "1"));
        let write = SampleCommit::on(&loaded).insert("new", "1");
        let writer = model.spawn(move |model| model.commit(write));
        let sign_in = SampleCommit::on(&loaded).sign_in("alice");
        let sign_in = model.spawn(move |model| model.commit(sign_in));
        assert!(is_applied(&sign_in.join().unwrap()));
        let is_written = is_applied(&writer.join().unwrap());
        let record = model.load(loaded.handle()).unwrap();
        assert_eq!(record.data().get("new").is_some(), is_written);
        assert!(record.data().get("old").is_some());
        model.audit();
    });
}

#[test]
fn a_writer_never_writes_into_a_session_that_was_signed_in_to_after_it_began() {
    explore("writers and sign-in", || {
        let model = Model::new();
        let loaded = model.keep(sample(1));
        let handle = loaded.handle();
        let writers = ["a", "b"].map(|key| {
            let commit = SampleCommit::on(&loaded);
            model.spawn(move |model| model.commit(commit.insert(key, "1")))
        });
        let sign_in =
            move |model: Model| model.request(handle, |commit| commit.retain(&[]).sign_in("alice"));
        assert!(is_applied(&model.spawn(sign_in).join().unwrap()));
        for writer in writers {
            let outcome = writer.join().unwrap();
            assert!(is_applied(&outcome) || outcome == Outcome::Stale);
        }
        let record = model.load(handle).unwrap();
        assert_eq!(record.data().iter().count(), 0);
        model.audit();
    });
}

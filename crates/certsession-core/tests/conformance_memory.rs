//! The memory store satisfies the store contract, and leaves no entries in its index.

use std::sync::Arc;

use certsession_core::conformance::Harness;
use certsession_core::test_util::{SampleBinding, SampleCommit, SampleRecord, block_on};
use certsession_core::{
    Admission, MemoryStore, Outcome, Owner, Page, Principal, Record, SessionStore, StoreErrorKind,
};

#[derive(Default)]
struct Memory;

impl Harness for Memory {
    type Store = MemoryStore;

    async fn store(&self) -> MemoryStore {
        MemoryStore::new()
    }

    async fn bounded(&self, capacity: usize) -> Option<MemoryStore> {
        Some(MemoryStore::with_capacity(capacity))
    }
}

certsession_core::conformance_suite!(Memory);

/// An entry without a record appears in no listing, so the suite cannot see it; in the memory store
/// it would be a leak.
#[test]
fn every_end_of_a_session_clears_the_index() {
    let store = MemoryStore::new();
    let alice = Owner::Principal(Principal::new("alice").unwrap());
    let one = Admission::at_most(std::num::NonZeroU32::MIN);
    let shared = SampleBinding::new(1).build();
    let sample = |n| SampleRecord::new(n).principal("alice").bound_to(&shared);
    block_on(async {
        let first = sample(1).build();
        let now = first.created_at();
        let expired = sample(2).expires_at(now).build();
        store.create(expired, None, now).await.unwrap();
        store.create(Arc::clone(&first), None, now).await.unwrap();
        store.audit().unwrap();

        let renewed = SampleBinding::new(9).newer_by(std::time::Duration::from_secs(1));
        let moved = SampleCommit::on(&first)
            .sign_in("bob")
            .rebind(&renewed.build());
        let outcome = store.commit(moved.build()).await.unwrap();
        assert!(is_applied(&outcome));
        store.audit().unwrap();
        assert!(store.remove(first.handle()).await.unwrap());
        store.audit().unwrap();

        // Evicted by a creation, then by a sign-in; then revoked.
        for n in [3, 4] {
            store
                .create(sample(n).build(), Some(one), now)
                .await
                .unwrap();
            store.audit().unwrap();
        }
        let anonymous = SampleRecord::new(5).bound_to(&shared).build();
        store
            .create(Arc::clone(&anonymous), None, now)
            .await
            .unwrap();
        let sign_in = SampleCommit::on(&anonymous).sign_in("alice").admission(one);
        store.commit(sign_in.build()).await.unwrap();
        store.audit().unwrap();
        let page = store.sessions(&alice, &Page::default(), now).await.unwrap();
        assert_eq!(page.sessions().len(), 1);
        store.revoke(&alice).await.unwrap();
        store.audit().unwrap();

        // Later operations on the same shard clear expired records.
        store
            .create(sample(2 + 64).build(), None, now)
            .await
            .unwrap();
        assert_eq!(store.len(), 1);
        store.audit().unwrap();
    });
}

#[test]
fn data_takes_and_frees_room_exact_to_the_byte() {
    let store = MemoryStore::with_capacities(10, 100);
    let sample = |n| SampleRecord::new(n).insert("a", &"1".repeat(40));
    let (first, second) = (sample(1).build(), sample(2).build());
    let now = first.created_at();
    let write = |length: usize| {
        let commit = SampleCommit::on(&first).insert("a", &"1".repeat(length));
        block_on(store.commit(commit.build())).map_err(|error| error.kind())
    };
    let create = |record: &Arc<Record>| {
        let created = store.create(Arc::clone(record), None, now);
        block_on(created).map(|_| ()).map_err(|error| error.kind())
    };
    create(&first).unwrap();
    create(&second).unwrap();
    let held = store.data_len();
    assert_eq!(held, 2 * first.data().size());
    store.audit().unwrap();

    // There is no room for a third session, nor for the first to grow beyond the quarter that is
    // reserved for that, and the failed calls change nothing.
    assert_eq!(create(&sample(3).build()), Err(StoreErrorKind::Full));
    assert_eq!(write(80), Err(StoreErrorKind::Full));
    assert_eq!((store.len(), store.data_len()), (2, held));
    let loaded = block_on(store.load(first.handle(), now)).unwrap();
    assert_eq!(loaded, Some(Arc::clone(&first)));

    // A session that shrinks or ends makes room, and so does one that expires.
    write(10).unwrap();
    assert_eq!(store.data_len(), held - 30);
    write(50).unwrap();
    block_on(store.remove(second.handle())).unwrap();
    let expired = sample(2).expires_at(now).build();
    create(&expired).unwrap();
    assert_eq!(write(80).map(|outcome| is_applied(&outcome)), Ok(true));
    assert_eq!(store.len(), 1);
    store.audit().unwrap();
}

fn is_applied(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Applied { .. })
}

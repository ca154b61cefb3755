//! A store that violates its contract does the least possible harm.

use std::sync::Arc;

use certsession_core::test_util::{ManualClock, block_on};
use certsession_core::{
    Admission, Commit, Creation, Handle, Key, MemoryStore, Outcome, Owner, Page, PeerState,
    Presented, Record, Removal, SessionError, SessionManager, SessionPage, SessionStore,
    StoreError, StoreErrorKind, Timestamp,
};

use crate::support::{Ca, Certificate, HOUR, NOW};

const CART: Key<u32> = Key::new("cart");

/// A store that returns expired records and, on request, claims that every new handle exists.
struct Lying {
    inner: MemoryStore,
    knows_every_handle: bool,
}

impl SessionStore for Lying {
    async fn create(
        &self,
        record: Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Result<Creation, StoreError> {
        if self.knows_every_handle {
            return Ok(Creation::Exists);
        }
        self.inner.create(record, admission, now).await
    }

    async fn load(&self, handle: Handle, _: Timestamp) -> Result<Option<Arc<Record>>, StoreError> {
        self.inner.load(handle, Timestamp::from_millis(0)).await
    }

    async fn commit(&self, commit: Commit) -> Result<Outcome, StoreError> {
        self.inner.commit(commit).await
    }

    async fn remove(&self, handle: Handle) -> Result<bool, StoreError> {
        self.inner.remove(handle).await
    }

    async fn remove_unchanged(&self, loaded: &Record) -> Result<Removal, StoreError> {
        self.inner.remove_unchanged(loaded).await
    }

    async fn sessions(
        &self,
        owner: &Owner,
        page: &Page,
        now: Timestamp,
    ) -> Result<SessionPage, StoreError> {
        self.inner.sessions(owner, page, now).await
    }

    async fn all_sessions(&self, page: &Page, now: Timestamp) -> Result<SessionPage, StoreError> {
        self.inner.all_sessions(page, now).await
    }

    async fn end_oldest(
        &self,
        owner: &Owner,
        most: usize,
        keep: usize,
        now: Timestamp,
    ) -> Result<Vec<Handle>, StoreError> {
        self.inner.end_oldest(owner, most, keep, now).await
    }

    async fn revoke(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        self.inner.revoke(owner).await
    }
}

fn over(knows_every_handle: bool) -> (SessionManager<Lying>, ManualClock, PeerState) {
    let clock = ManualClock::new(NOW);
    let inner = MemoryStore::new();
    let store = Lying {
        inner,
        knows_every_handle,
    };
    let sessions = SessionManager::builder(store).clock(clock.clone()).build();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    (sessions, clock, peer)
}

#[test]
fn p4_an_expired_record_that_a_store_returns_is_not_opened() {
    let (sessions, clock, peer) = over(false);
    let mut session = block_on(sessions.open(Presented::None, &peer)).unwrap();
    session.insert(&CART, &1).unwrap();
    let result = block_on(sessions.execute(session.begin_commit().unwrap()));
    session.finish_commit(result).unwrap();
    let Some(certsession_core::CookieChange::Set(token)) = session.take_cookie() else {
        panic!("the session has no token");
    };
    let cookie = token.expose();
    let open = || {
        let presented = Presented::One(cookie.as_bytes());
        block_on(sessions.open(presented, &peer)).unwrap().handle()
    };
    assert!(open().is_some());
    clock.advance(HOUR);
    assert_eq!(open(), None);
}

#[test]
fn p1_a_new_handle_that_exists_already_is_an_error_and_opens_no_session() {
    let (sessions, _, peer) = over(true);
    let mut session = block_on(sessions.open(Presented::None, &peer)).unwrap();
    session.insert(&CART, &1).unwrap();
    let result = block_on(sessions.execute(session.begin_commit().unwrap()));
    let Err(SessionError::Store(error)) = session.finish_commit(result) else {
        panic!("it must fail");
    };
    assert_eq!(error.kind(), StoreErrorKind::Other);
    assert!(session.take_cookie().is_none());
    assert_eq!(session.handle(), None);
}

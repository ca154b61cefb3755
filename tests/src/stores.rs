//! The stores that every promise is tested over.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use certsession_core::{MemoryStore, SessionStore};
use certsession_firestore::{FirestoreStore, FirestoreStoreBuilder};
use certsession_redis::{RedisStore, RedisStoreBuilder};

use crate::{firestore, redis};

/// A kind of store.
pub trait StoreKind {
    /// Its type.
    type Store: SessionStore;

    /// Whether it serves reads from copies in the process.
    const HOLDS_COPIES: bool = false;

    /// Opens a new, empty store with room for this many sessions, or without a limit.
    fn open(capacity: Option<usize>) -> impl Future<Output = Self::Store> + 'static;

    /// The portal's `--store` flag for a store of this kind.
    fn portal_flag() -> String;
}

/// The embedded store.
pub struct Memory;

impl StoreKind for Memory {
    type Store = MemoryStore;

    async fn open(capacity: Option<usize>) -> MemoryStore {
        MemoryStore::with_capacity(capacity.unwrap_or(MemoryStore::DEFAULT_CAPACITY))
    }

    fn portal_flag() -> String {
        "memory".to_owned()
    }
}

/// The Redis store, on a server that only this test uses.
pub struct Redis;

impl StoreKind for Redis {
    type Store = RedisStore;

    async fn open(capacity: Option<usize>) -> RedisStore {
        assert_eq!(capacity, None, "Redis counts bytes, not sessions");
        open_redis(&redis::shared().url()).await
    }

    fn portal_flag() -> String {
        redis::shared().url()
    }
}

/// The Redis store with copies of records in the process.
pub struct RedisNear;

impl StoreKind for RedisNear {
    type Store = RedisStore;

    const HOLDS_COPIES: bool = true;

    async fn open(capacity: Option<usize>) -> RedisStore {
        assert_eq!(capacity, None, "Redis counts bytes, not sessions");
        opened(redis_settings(&redis::shared().url()).near_cache(MAX_AGE)).await
    }

    fn portal_flag() -> String {
        Redis::portal_flag()
    }
}

/// The Firestore store, in the emulator that the tests of a run share.
pub struct Firestore;

impl StoreKind for Firestore {
    type Store = FirestoreStore;

    async fn open(capacity: Option<usize>) -> FirestoreStore {
        assert_eq!(capacity, None, "Firestore has room for any number");
        open_firestore(&firestore::new_url(firestore::shared())).await
    }

    fn portal_flag() -> String {
        firestore::new_url(firestore::shared())
    }
}

/// The Firestore store at this URL.
///
/// # Panics
///
/// If the database cannot be used.
pub async fn open_firestore(url: &str) -> FirestoreStore {
    let opened = firestore_settings(url).connect().await;
    opened.unwrap_or_else(|error| panic!("{error}"))
}

/// The settings of a store at this URL.
///
/// # Panics
///
/// If it names no database.
pub fn firestore_settings(url: &str) -> FirestoreStoreBuilder {
    // The suite puts more on the cores than a database has to bear.
    let settings = FirestoreStore::builder(url).unwrap();
    settings.timeout(Duration::from_secs(30))
}

/// Longer than any test, so that a dropped copy was not just too old.
const MAX_AGE: Duration = Duration::from_secs(60);

/// Opens the Redis store on the server or servers of this URL, under a [`new_prefix`].
///
/// # Panics
///
/// If the server cannot be used.
pub async fn open_redis(url: &str) -> RedisStore {
    opened(redis_settings(url)).await
}

fn redis_settings(url: &str) -> RedisStoreBuilder {
    let settings = RedisStore::builder(url).unwrap().key_prefix(new_prefix());
    // The suite puts more load on the cores than a server normally has.
    settings.timeout(Duration::from_secs(10))
}

async fn opened(settings: RedisStoreBuilder) -> RedisStore {
    let opened = settings.connect().await;
    opened.unwrap_or_else(|error| panic!("{error}"))
}

/// A prefix that no other store of this process uses.
pub fn new_prefix() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("test-{}:", NEXT.fetch_add(1, Ordering::Relaxed))
}

//! The stores that every promise is kept over.

use certsession_core::{MemoryStore, SessionStore};

/// A kind of store.
pub trait StoreKind {
    /// Its type.
    type Store: SessionStore;

    /// A fresh, empty one with room for this many sessions, or for any number.
    fn open(capacity: Option<usize>) -> Self::Store;
}

/// The embedded store.
pub struct Memory;

impl StoreKind for Memory {
    type Store = MemoryStore;

    fn open(capacity: Option<usize>) -> MemoryStore {
        MemoryStore::with_capacity(capacity.unwrap_or(MemoryStore::DEFAULT_CAPACITY))
    }
}

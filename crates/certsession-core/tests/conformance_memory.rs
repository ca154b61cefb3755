//! The memory store keeps the store contract.

use certsession_core::MemoryStore;
use certsession_core::conformance::Harness;

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

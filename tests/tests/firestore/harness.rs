//! The emulator as the conformance suite needs it.

use std::future::Future;

use certsession_core::conformance::Harness;
use certsession_firestore::FirestoreStore;
use certsession_tests::firestore::{new_url, shared};
use certsession_tests::stores::open_firestore;
use tokio::runtime::Runtime;

/// A runtime of two threads, as a server has them, and the emulator of the run.
pub(crate) struct OnEmulator(Runtime);

impl Default for OnEmulator {
    fn default() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        Self(builder.worker_threads(2).enable_all().build().unwrap())
    }
}

impl Harness for OnEmulator {
    type Store = FirestoreStore;

    async fn store(&self) -> FirestoreStore {
        open_firestore(&new_url(shared())).await
    }

    fn largest_data(&self) -> usize {
        // What a document of one mebibyte leaves beside all else that is in it.
        1_020_000
    }

    fn lists_moments(&self) -> bool {
        // Firestore's queries do (they read a snapshot); those of its emulator do not.
        false
    }

    fn rounds(&self) -> u32 {
        4
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn run_all<F>(&self, tasks: Vec<F>) -> Vec<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let tasks: Vec<_> = tasks.into_iter().map(|task| self.0.spawn(task)).collect();
        self.0.block_on(async {
            let mut outputs = Vec::new();
            for task in tasks {
                outputs.push(task.await.unwrap());
            }
            outputs
        })
    }
}

//! What the suite needs from a store.

use std::future::Future;
use std::panic::resume_unwind;
use std::thread;

use crate::store::SessionStore;
use crate::test_util;

/// What the suite needs from a store: how to create an empty one, and how to run its futures.
///
/// One harness is created for each clause. A store that needs no runtime implements only
/// [`store`](Self::store). A store that needs one keeps it in the harness and runs
/// [`block_on`](Self::block_on) and [`run_all`](Self::run_all) on it. With tokio, use several
/// threads so that the races are real:
///
/// ```ignore
/// fn block_on<F: Future>(&self, future: F) -> F::Output {
///     self.runtime.block_on(future)
/// }
///
/// fn run_all<F>(&self, tasks: Vec<F>) -> Vec<F::Output>
/// where
///     F: Future<Output: Send> + Send + 'static,
/// {
///     let tasks: Vec<_> = tasks.into_iter().map(|task| self.runtime.spawn(task)).collect();
///     self.runtime.block_on(async {
///         let mut outputs = Vec::new();
///         for task in tasks {
///             outputs.push(task.await.expect("a task of the suite panicked"));
///         }
///         outputs
///     })
/// }
/// ```
pub trait Harness: Default {
    /// The store under test.
    type Store: SessionStore;

    /// Creates a store that is empty and shares nothing with any other. For a store on a server,
    /// use a separate key prefix.
    fn store(&self) -> impl Future<Output = Self::Store>;

    /// Creates a store as above with room for exactly this many sessions; `None` if this kind of
    /// store cannot be bounded. Default: `None`.
    fn bounded(&self, capacity: usize) -> impl Future<Output = Option<Self::Store>> {
        let _ = capacity;
        async { None }
    }

    /// How much data the largest session of the suite holds, in bytes. A store that cannot keep
    /// as much says so by [`SessionStore::max_record_size`], and here. Default: two mebibytes.
    fn largest_data(&self) -> usize {
        2 << 20
    }

    /// Whether a list shows the sessions of one moment. Default: true. False for an emulator whose
    /// queries may see half of a commit: a list with a session too many is then looked at again.
    fn lists_moments(&self) -> bool {
        true
    }

    /// How often each race is run. Default: 50 times.
    fn rounds(&self) -> u32 {
        50
    }

    /// Runs a future to completion. Default: on this thread, without a runtime.
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        test_util::block_on(future)
    }

    /// Runs tasks concurrently, and returns their outputs in the order of the tasks. If one panics,
    /// this must panic too. Default: one thread for each.
    fn run_all<F>(&self, tasks: Vec<F>) -> Vec<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let threads: Vec<_> = tasks
            .into_iter()
            .map(|task| thread::spawn(|| test_util::block_on(task)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    }
}

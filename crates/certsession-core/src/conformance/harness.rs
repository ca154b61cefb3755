//! What the suite has to know of a store.

use std::future::Future;
use std::panic::resume_unwind;
use std::thread;

use crate::store::SessionStore;
use crate::test_util;

/// What the suite has to know of a store: how to get an empty one, and how to run it.
///
/// One harness is made for each clause. A store that needs no runtime gives
/// [`store`](Self::store) alone; one that needs a runtime keeps it in the harness and runs
/// [`block_on`](Self::block_on) and [`run_all`](Self::run_all) on it. With tokio, on several
/// threads, so that the races are real:
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

    /// A store that is empty and shares nothing with any other: for a store on a server, one
    /// with a key prefix of its own.
    fn store(&self) -> impl Future<Output = Self::Store>;

    /// A store as above that has room for this many sessions and no more; `None` if this kind
    /// of store cannot be bounded. Default: `None`.
    fn bounded(&self, capacity: usize) -> impl Future<Output = Option<Self::Store>> {
        let _ = capacity;
        async { None }
    }

    /// How often each race is run. Default: 50 times.
    fn rounds(&self) -> u32 {
        50
    }

    /// Runs a future to its end. Default: on this thread, without a runtime.
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        test_util::block_on(future)
    }

    /// Runs tasks at the same time, and returns what came out in the order of the tasks. Where
    /// one panics, this has to panic too. Default: a thread for each.
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

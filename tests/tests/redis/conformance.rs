//! The store contract, clause by clause, on each kind of server.

use std::future::Future;

use certsession_core::conformance::Harness;
use certsession_redis::RedisStore;
use certsession_tests::redis;
use certsession_tests::stores::open_redis;
use tokio::runtime::Runtime;

certsession_core::conformance_suite!(single: OneServer);

/// Runs the suite on a runtime of two threads, as a server has them.
struct Threads(Runtime);

impl Default for Threads {
    fn default() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        Self(builder.worker_threads(2).enable_all().build().unwrap())
    }
}

impl Threads {
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

#[derive(Default)]
struct OneServer(Threads);

impl Harness for OneServer {
    type Store = RedisStore;

    async fn store(&self) -> RedisStore {
        open_redis(&redis::shared().url()).await
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.0.block_on(future)
    }

    fn run_all<F>(&self, tasks: Vec<F>) -> Vec<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.0.run_all(tasks)
    }
}

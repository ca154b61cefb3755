//! The connections to the database: those of each thread.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tonic::Status;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};

/// More threads than this share connections.
const SLOTS: usize = 64;

/// The largest answer in one piece: a document of one mebibyte, and what is around it.
const LARGEST_ANSWER: usize = 4 << 20;

/// The connections to the database, made when they are asked for.
///
/// A connection is driven by a task of the runtime that made it. Where each worker has a runtime
/// of its own, as in actix, a connection that all shared would wake another thread for each call,
/// and none would be answered while that thread is kept busy.
pub(crate) struct Connections {
    endpoint: Endpoint,
    slots: Box<[Slot]>,
    /// How many each thread has.
    each: usize,
    next: AtomicUsize,
}

/// The connections of one thread.
#[derive(Default)]
struct Slot(Mutex<Vec<Channel>>);

impl Connections {
    pub(crate) fn new(endpoint: Endpoint, each: usize) -> Self {
        Self {
            endpoint,
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            each: each.max(1),
            next: AtomicUsize::new(0),
        }
    }

    /// A connection of this thread, when it is ready.
    pub(crate) async fn ready(&self) -> Result<Grpc<Channel>, Status> {
        let slot = self.slot();
        for _ in 0..2 {
            let channel = slot.channel(&self.endpoint, self.number());
            let mut grpc = Grpc::new(channel).max_decoding_message_size(LARGEST_ANSWER);
            match grpc.ready().await {
                Ok(()) => return Ok(grpc),
                // It has no task any more: the runtime that it was made in has ended.
                Err(_) => slot.held().clear(),
            }
        }
        Err(Status::aborted("no connection gets ready"))
    }

    fn number(&self) -> usize {
        match self.each {
            1 => 0,
            each => self.next.fetch_add(1, Ordering::Relaxed) % each,
        }
    }

    fn slot(&self) -> &Slot {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
        }
        &self.slots[NUMBER.with(|number| number % SLOTS)]
    }
}

impl Slot {
    fn channel(&self, endpoint: &Endpoint, number: usize) -> Channel {
        let mut channels = self.held();
        while channels.len() <= number {
            channels.push(endpoint.connect_lazy());
        }
        channels[number].clone()
    }

    fn held(&self) -> MutexGuard<'_, Vec<Channel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_outlives_no_runtime_and_is_made_again_in_the_next() {
        let connections = Connections::new(Endpoint::from_static("http://127.0.0.1:1"), 2);
        for _ in 0..3 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                for _ in 0..3 {
                    assert!(connections.ready().await.is_ok());
                }
            });
        }
    }
}

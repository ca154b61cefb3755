//! The connections to the database: those of each thread.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tonic::Status;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};

/// More threads than this share connections.
const SLOTS: usize = 64;

/// How many streams of changes share a connection: about half of what the service allows, so that
/// one more can be opened while others come to their end.
const MOST_STREAMS: usize = 50;

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
    share: Share,
}

/// How the calls of a thread share its connections.
enum Share {
    /// They take so many connections in turn.
    InTurn { each: usize, next: AtomicUsize },
    /// So many calls on each at the most. Where all are full, the thread gets one more.
    UpTo(usize),
}

/// The connections of one thread.
#[derive(Default)]
struct Slot(Mutex<Vec<Held>>);

struct Held {
    channel: Channel,
    /// Each call on it has another reference.
    calls: Arc<()>,
}

/// A connection, for one call.
pub(crate) struct Connection {
    pub(crate) grpc: Grpc<Channel>,
    slot: usize,
    calls: Arc<()>,
}

impl Connections {
    /// For requests: so many connections for each thread.
    pub(crate) fn new(endpoint: Endpoint, each: usize) -> Self {
        let (each, next) = (each.max(1), AtomicUsize::new(0));
        Self::shared(endpoint, Share::InTurn { each, next })
    }

    /// For streams that stay open, and would take up the room of the requests.
    pub(crate) fn for_streams(endpoint: Endpoint) -> Self {
        Self::shared(endpoint, Share::UpTo(MOST_STREAMS))
    }

    fn shared(endpoint: Endpoint, share: Share) -> Self {
        Self {
            endpoint,
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            share,
        }
    }

    /// A connection of this thread, when it is ready.
    pub(crate) async fn ready(&self) -> Result<Connection, Status> {
        let slot = number_of_thread() % SLOTS;
        for _ in 0..2 {
            let (channel, calls) = self.slots[slot].choose(&self.endpoint, &self.share);
            let mut grpc = Grpc::new(channel).max_decoding_message_size(LARGEST_ANSWER);
            match grpc.ready().await {
                Ok(()) => return Ok(Connection { grpc, slot, calls }),
                // It has no task any more: the runtime that it was made in has ended.
                Err(_) => self.slots[slot].held().clear(),
            }
        }
        Err(Status::aborted("no connection gets ready"))
    }

    /// Takes no more calls on a connection on which an answer did not come: it may be dead, which
    /// its system notices much later. The calls that are under way on it go on.
    pub(crate) fn give_up(&self, connection: &Connection) {
        let mut held = self.slots[connection.slot].held();
        held.retain(|held| !Arc::ptr_eq(&held.calls, &connection.calls));
    }
}

fn number_of_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}

impl Slot {
    fn choose(&self, endpoint: &Endpoint, share: &Share) -> (Channel, Arc<()>) {
        let mut held = self.held();
        let number = match share {
            Share::InTurn { each: 1, .. } => 0,
            Share::InTurn { each, next } => next.fetch_add(1, Ordering::Relaxed) % each,
            Share::UpTo(most) => {
                // One of the references is the slot's own.
                let has_room = |held: &Held| Arc::strong_count(&held.calls) <= *most;
                let with_room = held.iter().position(has_room);
                with_room.unwrap_or(held.len())
            }
        };
        while held.len() <= number {
            held.push(Held {
                channel: endpoint.connect_lazy(),
                calls: Arc::default(),
            });
        }
        let chosen = &held[number];
        (chosen.channel.clone(), Arc::clone(&chosen.calls))
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many connections this thread has.
    fn count(connections: &Connections) -> usize {
        connections.slots[number_of_thread() % SLOTS].held().len()
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(future)
    }

    const NOWHERE: &str = "http://127.0.0.1:1";

    #[test]
    fn fifty_streams_share_a_connection_and_leave_their_room_to_others() {
        block_on(async {
            let connections = Connections::for_streams(Endpoint::from_static(NOWHERE));
            let mut open = Vec::new();
            for number in 0..120 {
                open.push(connections.ready().await.unwrap());
                assert_eq!(count(&connections), number / 50 + 1);
            }
            open.drain(..30);
            for _ in 0..30 + 30 {
                open.push(connections.ready().await.unwrap());
                assert_eq!(count(&connections), 3);
            }
            open.push(connections.ready().await.unwrap());
            assert_eq!(count(&connections), 4);
        });
    }

    #[test]
    fn a_connection_that_is_given_up_is_made_again_and_only_once() {
        block_on(async {
            let connections = Connections::new(Endpoint::from_static(NOWHERE), 1);
            let first = connections.ready().await.unwrap();
            let second = connections.ready().await.unwrap();
            connections.give_up(&first);
            assert_eq!(count(&connections), 0);
            let next = connections.ready().await.unwrap();
            assert!(!Arc::ptr_eq(&next.calls, &first.calls));
            // Another call on the old connection, which notices later, leaves the new one alone.
            connections.give_up(&second);
            let last = connections.ready().await.unwrap();
            assert!(Arc::ptr_eq(&last.calls, &next.calls));
        });
    }

    #[test]
    fn a_connection_outlives_no_runtime_and_is_made_again_in_the_next() {
        let connections = Connections::new(Endpoint::from_static(NOWHERE), 2);
        for _ in 0..3 {
            block_on(async {
                for _ in 0..3 {
                    assert!(connections.ready().await.is_ok());
                }
            });
        }
    }
}

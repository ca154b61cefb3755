//! Sessions that ended, on this or another node, for those who watch them: reported by `Listen`.
//!
//! | file | purpose |
//! |---|---|
//! | `watched` | the sessions of one stream, and who waits for them |
//! | `stream` | the stream, opened again when it breaks |

mod stream;
mod watched;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use certsession_core::Handle;
use tokio::task::JoinHandle;

use crate::client::Client;
use watched::{Seat, Watched};

/// How many sessions one stream watches at the most.
const TARGETS: usize = 100;

/// Hears of sessions that ended, for as long as anyone watches one.
pub(crate) struct EndNotifications {
    client: Arc<Client>,
    streams: Mutex<Vec<Stream>>,
}

/// A stream, and the sessions that it watches.
struct Stream {
    watched: Arc<Watched>,
    /// It lives in the runtime of who asked first, and is made again where that has ended.
    task: JoinHandle<()>,
}

impl EndNotifications {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        let streams = Mutex::default();
        Self { client, streams }
    }

    /// Waits until this session has ended, or has changed hands.
    pub(crate) async fn wait_for(&self, handle: Handle) {
        self.seat(handle).wait().await;
    }

    fn seat(&self, handle: Handle) -> Seat {
        let streams = self.streams.lock();
        let mut streams = streams.unwrap_or_else(PoisonError::into_inner);
        streams.retain(|stream| !stream.watched.is_over());
        let mut seat = None;
        for stream in &*streams {
            seat = stream.watched.rejoin(handle);
            if seat.is_some() {
                break;
            }
        }
        let seat = seat.or_else(|| {
            let mut with_room = streams.iter().map(|stream| &stream.watched);
            with_room.find_map(|watched| watched.join(handle))
        });
        let seat = seat.unwrap_or_else(|| {
            let (watched, seat) = Watched::new(handle);
            streams.push(Stream {
                task: self.listen(&watched),
                watched,
            });
            seat
        });
        for stream in &mut *streams {
            if stream.task.is_finished() && !stream.watched.is_over() {
                stream.task = self.listen(&stream.watched);
            }
        }
        seat
    }

    fn listen(&self, watched: &Arc<Watched>) -> JoinHandle<()> {
        let (client, watched) = (Arc::clone(&self.client), Arc::clone(watched));
        tokio::spawn(async move { stream::run(&client, &watched).await })
    }
}

impl Drop for EndNotifications {
    fn drop(&mut self) {
        let streams = self.streams.get_mut();
        for stream in streams.unwrap_or_else(PoisonError::into_inner) {
            stream.task.abort();
        }
    }
}

impl fmt::Debug for EndNotifications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndNotifications(..)")
    }
}

//! A stream of changes, opened again when it breaks.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::stream::unfold;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{interval, sleep};
use tonic::{Code, Status};

use super::TARGETS;
use super::watched::Watched;
use crate::client::Client;
use crate::layout::read_record;
use crate::message::{
    DocumentsTarget, ListenEvent, ListenRequest, ListenResponse, Target, TargetChangeType,
    TargetCommand,
};

/// How long after a stream was lost the next is tried; each time in vain twice as long as before,
/// up to the longest.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A stream that lasted as long as this was a good one.
const GOOD: Duration = Duration::from_secs(10);

/// How often sessions are looked for that no one watches any more.
const SWEEP: Duration = Duration::from_secs(5);

/// Listens for as long as there are sessions to watch.
pub(super) async fn run(client: &Client, watched: &Watched) {
    let mut pause = PAUSE;
    while !watched.is_over() {
        let began = Instant::now();
        match relay(client, watched).await {
            Ok(()) => pause = PAUSE,
            Err(status) => {
                tracing::debug!(
                    target: "certsession::firestore", code = ?status.code(),
                    "changes are not reported for now"
                );
                pause = match began.elapsed() >= GOOD {
                    true => PAUSE,
                    false => LONGEST_PAUSE.min(2 * pause),
                };
            }
        }
        if !watched.is_over() {
            sleep(pause).await;
            watched.sweep();
        }
    }
}

/// Passes on what one stream reports, until it ends or there is nothing left to watch. What
/// happened while there was none is reported by the next: it begins with how each document is.
async fn relay(client: &Client, watched: &Watched) -> Result<(), Status> {
    let (commands, to_send) = channel::<ListenRequest>(2 * TARGETS);
    let requests = unfold(to_send, async |mut to_send| {
        let request = to_send.recv().await?;
        Some((request, to_send))
    });
    let mut sent = BTreeSet::new();
    add(client, watched, &mut sent, &commands).await?;
    let mut stream = client.listen(requests).await?;
    let mut sweeps = interval(SWEEP);
    loop {
        tokio::select! {
            response = stream.message() => match response? {
                Some(response) => note(client, watched, response)?,
                None => return Ok(()),
            },
            () = watched.joined() => add(client, watched, &mut sent, &commands).await?,
            _ = sweeps.tick() => {
                for id in watched.sweep() {
                    sent.remove(&id);
                    send(client, &commands, TargetCommand::Remove(id)).await?;
                }
                if watched.is_over() {
                    return Ok(());
                }
            }
        }
    }
}

/// Adds the sessions that the stream does not watch yet.
async fn add(
    client: &Client,
    watched: &Watched,
    sent: &mut BTreeSet<i32>,
    commands: &Sender<ListenRequest>,
) -> Result<(), Status> {
    for (id, handle) in watched.targets() {
        if sent.insert(id) {
            let target = Target {
                documents: Some(DocumentsTarget {
                    documents: vec![client.layout.session(handle)],
                }),
                target_id: id,
            };
            send(client, commands, TargetCommand::Add(target)).await?;
        }
    }
    Ok(())
}

async fn send(
    client: &Client,
    commands: &Sender<ListenRequest>,
    command: TargetCommand,
) -> Result<(), Status> {
    let request = ListenRequest {
        database: client.layout.database.clone(),
        command: Some(command),
    };
    let sent = commands.send(request).await;
    sent.map_err(|_| Status::unavailable("the stream has ended"))
}

fn note(client: &Client, watched: &Watched, response: ListenResponse) -> Result<(), Status> {
    let layout = &client.layout;
    match response.event {
        Some(ListenEvent::Changed(change)) => {
            if let Some(document) = change.document
                && let Some(handle) = layout.handle(&document.name)
            {
                match read_record(handle, document) {
                    Ok(record) => watched.seen(handle, record.epoch()),
                    // Who watches it is told by the store what that means.
                    Err(_) => watched.ended(handle),
                }
            }
        }
        Some(ListenEvent::Deleted(gone) | ListenEvent::Removed(gone)) => {
            if let Some(handle) = layout.handle(&gone.document) {
                watched.ended(handle);
            }
        }
        Some(ListenEvent::Target(change)) => {
            let is_removed = change.change == i32::from(TargetChangeType::Remove);
            // The server watches a session no longer: all of them are added again.
            if let (true, Some(cause)) = (is_removed, change.cause)
                && cause.code != 0
            {
                return Err(Status::new(Code::from(cause.code), cause.message));
            }
        }
        None => {}
    }
    Ok(())
}

//! A stream of changes, opened again when it breaks.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::stream::unfold;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{interval, sleep};
use tonic::{Code, Status};

use super::watched::{TARGETS, Watched};
use crate::client::Client;
use crate::layout::{Layout, read_record};
use crate::message::{
    DocumentsTarget, ListenEvent, ListenRequest, ListenResponse, Target, TargetChange,
    TargetChangeType, TargetCommand,
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
    let mut reports = Reports {
        layout: &client.layout,
        watched,
        shown: BTreeSet::new(),
    };
    let mut sweeps = interval(SWEEP);
    loop {
        tokio::select! {
            response = stream.next() => match response? {
                Some(response) => reports.note(response)?,
                None => return Ok(()),
            },
            () = watched.joined() => add(client, watched, &mut sent, &commands).await?,
            _ = sweeps.tick() => {
                for id in watched.sweep() {
                    sent.remove(&id);
                    reports.shown.remove(&id);
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

/// What a stream has reported so far.
struct Reports<'w> {
    layout: &'w Layout,
    watched: &'w Watched,
    /// The targets whose documents it has shown, or has said to be gone.
    shown: BTreeSet<i32>,
}

impl Reports<'_> {
    fn note(&mut self, response: ListenResponse) -> Result<(), Status> {
        match response.event {
            Some(ListenEvent::Changed(change)) => {
                if let Some(document) = change.document
                    && let Some(handle) = self.layout.handle(&document.name)
                {
                    self.shown.extend(self.watched.id(handle));
                    match read_record(handle, document) {
                        Ok(record) => self.watched.seen(handle, record.epoch()),
                        // Who watches it is told by the store what that means.
                        Err(_) => self.watched.ended(handle),
                    }
                }
            }
            Some(ListenEvent::Deleted(gone) | ListenEvent::Removed(gone)) => {
                if let Some(handle) = self.layout.handle(&gone.document) {
                    self.shown.extend(self.watched.id(handle));
                    self.watched.ended(handle);
                }
            }
            Some(ListenEvent::Filter(filter)) if filter.count == 0 => {
                self.watched.may_have_ended(filter.target_id);
            }
            Some(ListenEvent::Target(change)) => return self.note_target(&change),
            Some(ListenEvent::Filter(_)) | None => {}
        }
        Ok(())
    }

    fn note_target(&mut self, change: &TargetChange) -> Result<(), Status> {
        match (TargetChangeType::try_from(change.change), &change.cause) {
            // The server watches a session no longer: all of them are added again.
            (Ok(TargetChangeType::Remove), Some(cause)) if cause.code != 0 => {
                return Err(Status::new(Code::from(cause.code), cause.message.clone()));
            }
            // It has shown what there is. Of a document that was gone when the stream began it need
            // not say so: there was nothing to show.
            (Ok(TargetChangeType::Current), _) => {
                for id in self.of(change) {
                    if !self.shown.contains(&id) {
                        self.watched.may_have_ended(id);
                    }
                }
            }
            // It shows everything once more.
            (Ok(TargetChangeType::Reset), _) => {
                for id in self.of(change) {
                    self.shown.remove(&id);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The targets that a change is about: those that it names; all, if it names none.
    fn of(&self, change: &TargetChange) -> Vec<i32> {
        match change.target_ids.as_slice() {
            [] => self.watched.targets().iter().map(|(id, _)| *id).collect(),
            ids => ids.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use certsession_core::test_util::SampleRecord;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::super::watched::Seat;
    use crate::message::Timestamp as UpdateTime;
    use crate::message::{Condition, DocumentChange, DocumentGone, ExistenceFilter, Operation};

    fn target(change: TargetChangeType, target_ids: &[i32]) -> ListenEvent {
        ListenEvent::Target(TargetChange {
            change: change.into(),
            target_ids: target_ids.to_vec(),
            cause: None,
        })
    }

    fn changed(layout: &Layout, number: u32) -> ListenEvent {
        let record = SampleRecord::new(number).build();
        let write = layout.keep(&record, Condition::Exists(false));
        let Some(Operation::Update(mut document)) = write.operation else {
            panic!("{write:?}");
        };
        document.update_time = Some(UpdateTime::default());
        let document = Some(document);
        ListenEvent::Changed(DocumentChange { document })
    }

    /// Who of those that watch the sessions 1 and 2 is notified by these events.
    fn notified(events: impl FnOnce(&Layout) -> Vec<ListenEvent>) -> [bool; 2] {
        let layout = Layout::new("shop", "(default)", "sessions");
        let handle = |number| SampleRecord::new(number).build().handle();
        let (watched, first) = Watched::new(handle(1));
        let second = watched.join(handle(2)).unwrap();
        let mut reports = Reports {
            layout: &layout,
            watched: &watched,
            shown: BTreeSet::new(),
        };
        for event in events(&layout) {
            let event = Some(event);
            reports.note(ListenResponse { event }).unwrap();
        }
        [first, second].map(is_notified)
    }

    fn is_notified(seat: Seat) -> bool {
        let waits = pin!(seat.wait());
        waits.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    use TargetChangeType::{Current, NoChange, Reset};

    #[test]
    fn a_session_that_is_not_shown_before_its_target_is_current_may_have_ended() {
        let one = |layout: &Layout| vec![changed(layout, 1), target(Current, &[1, 2])];
        assert_eq!(notified(one), [false, true]);
        // Without numbers it is about all targets.
        let one = |layout: &Layout| vec![changed(layout, 1), target(Current, &[])];
        assert_eq!(notified(one), [false, true]);
        let both =
            |layout: &Layout| vec![changed(layout, 1), changed(layout, 2), target(Current, &[])];
        assert_eq!(notified(both), [false, false]);
        // As long as it is not, nothing is known.
        let not_yet = |_: &Layout| vec![target(Current, &[1]), target(NoChange, &[])];
        assert_eq!(notified(not_yet), [true, false]);
    }

    #[test]
    fn a_target_that_is_reset_shows_its_session_once_more() {
        let events = |layout: &Layout| {
            vec![
                changed(layout, 1),
                changed(layout, 2),
                target(Reset, &[2]),
                target(Current, &[1, 2]),
            ]
        };
        assert_eq!(notified(events), [false, true]);
    }

    #[test]
    fn a_session_that_is_counted_as_absent_may_have_ended() {
        let filter = |target_id, count| ListenEvent::Filter(ExistenceFilter { target_id, count });
        assert_eq!(
            notified(|_| vec![filter(1, 1), filter(2, 0)]),
            [false, true]
        );
    }

    #[test]
    fn a_deleted_session_has_ended() {
        let document = |layout: &Layout| layout.session(SampleRecord::new(1).build().handle());
        let deleted = |layout: &Layout| {
            let document = document(layout);
            vec![ListenEvent::Deleted(DocumentGone { document })]
        };
        assert_eq!(notified(deleted), [true, false]);
    }
}

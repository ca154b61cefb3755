//! Documents with preconditions: the steps of certsession-firestore.
//!
//! The database takes a commit whole or not at all; but a reader can see it half done, so a limit
//! has to hold after each of its writes. Each write gives its document an update time that it never
//! had.

mod clauses;
mod client;
mod database;
mod plan;

use std::collections::BTreeSet;

use crate::network::{Clause, Event, Next, Protocol};

pub use client::Ask;
pub use plan::{Firestore, FirestoreFault};

use clauses::Ghost;
use client::{Client, Outcome, Stage};
use database::{Answer, Command, Db, Handle, Principal, Request, Session, Time, When, Write};

impl Firestore {
    /// The commit of a sign-in: ends first, then the turn, then the session.
    fn admission(
        &self,
        client: &Client,
        before: Option<&Session>,
        sessions: &[(Handle, Time)],
        turn: Option<Time>,
    ) -> Command {
        let (handle, principal) = match client.ask {
            Ask::SignIn(handle, principal) | Ask::Move(handle, principal) => (handle, principal),
            _ => unreachable!("only sign-ins are limited"),
        };
        let others: Vec<_> = sessions.iter().filter(|it| it.0 != handle).collect();
        let excess = (others.len() + 1).saturating_sub(self.limit);
        let mut writes: Vec<_> = others[..excess]
            .iter()
            .map(|(handle, time)| {
                let unchanged = match self.fault {
                    Some(FirestoreFault::EvictsBlindly) => When::Exists,
                    _ => When::Unchanged(*time),
                };
                Write::Delete(*handle, unchanged)
            })
            .collect();
        if self.fault != Some(FirestoreFault::TakesNoTurn) {
            let when = turn.map_or(When::Absent, When::Unchanged);
            writes.push(Write::Turn(principal, when));
        }
        let when = before.map_or(When::Absent, |it| When::Unchanged(it.time));
        let put = Write::Put(handle, session(client.me, principal, before), when);
        match self.fault {
            Some(FirestoreFault::CreatesFirst) => writes.insert(0, put),
            _ => writes.push(put),
        }
        Command::Commit(writes)
    }

    fn change(&self, client: &Client, handle: Handle, seen: &Session) -> Command {
        let when = match self.fault {
            Some(FirestoreFault::WritesWithoutPrecondition) => When::Always,
            _ => When::Unchanged(seen.time),
        };
        let put = Write::Put(handle, session(client.me, seen.principal, Some(seen)), when);
        Command::Commit(vec![put])
    }
}

/// The document as a request leaves it.
fn session(request: Request, principal: Principal, before: Option<&Session>) -> Session {
    let mut written = before.map(|it| it.written.clone()).unwrap_or_default();
    written.insert(request);
    Session {
        time: 0,
        principal,
        revision: request,
        written,
    }
}

fn next(client: Client, stage: Stage, command: Option<Command>) -> Next<Firestore> {
    Next {
        client: Client { stage, ..client },
        command,
    }
}

fn done(client: Client, outcome: Outcome) -> Next<Firestore> {
    next(client, Stage::Done(outcome), None)
}

/// More than can be needed with so few requests; beyond it the model ends, as a time-out would.
const MOST: u8 = 3;

impl Protocol for Firestore {
    type Db = Db;
    type Command = Command;
    type Answer = Answer;
    type Client = Client;
    type Ghost = Ghost;

    fn begin(&self) -> (Db, Vec<Client>) {
        let mut db = Db {
            sessions: vec![None; 4],
            ..Db::default()
        };
        for (handle, principal) in &self.sessions {
            let kept = session(100 + handle, *principal, None);
            db.write(&Write::Put(*handle, kept, When::Absent));
        }
        let clients = (0..).zip(&self.requests).map(|(me, ask)| Client {
            me,
            ask: *ask,
            stage: Stage::Begins,
            unsure: false,
            repeats: 0,
            conflicts: 0,
        });
        (db, clients.collect())
    }

    fn step(&self, client: &Client, event: Event<&Answer>) -> Next<Self> {
        let mut client = client.clone();
        let me = client.me;
        match (client.stage.clone(), event) {
            (Stage::Begins, _) => match client.ask {
                Ask::Create(handle, principal) => {
                    let put = Write::Put(handle, session(me, principal, None), When::Absent);
                    let commit = Command::Commit(vec![put]);
                    next(client, Stage::Commits(commit.clone()), Some(commit))
                }
                Ask::SignIn(_, principal) => next(
                    client,
                    Stage::Queries(None),
                    Some(Command::Query(principal)),
                ),
                Ask::Write(handle) | Ask::Move(handle, _) => {
                    next(client, Stage::Reads, Some(Command::Get(handle)))
                }
                Ask::Remove(handle) => {
                    let commit = Command::Commit(vec![Write::Delete(handle, When::Exists)]);
                    next(client, Stage::Commits(commit.clone()), Some(commit))
                }
                Ask::Revoke(principal) => {
                    next(client, Stage::Lists(None), Some(Command::Query(principal)))
                }
            },
            (Stage::Queries(seen), Event::Answer(Answer::Sessions(sessions, turn))) => {
                let commit = self.admission(&client, seen.as_ref(), sessions, *turn);
                next(client, Stage::Commits(commit.clone()), Some(commit))
            }
            (Stage::Reads, Event::Answer(Answer::Session(found))) => {
                let was_unsure = std::mem::take(&mut client.unsure);
                match (found, client.ask) {
                    (None, _) => done(client, Outcome::Gone),
                    (Some(found), _) if found.revision == me => done(client, Outcome::Success),
                    (Some(_), _)
                        if was_unsure && self.fault != Some(FirestoreFault::AppliesOnceMore) =>
                    {
                        done(client, Outcome::Unknown)
                    }
                    (Some(found), Ask::Move(_, principal)) => {
                        let seen = Stage::Queries(Some(found.clone()));
                        next(client, seen, Some(Command::Query(principal)))
                    }
                    (Some(found), Ask::Write(handle)) => {
                        let commit = self.change(&client, handle, found);
                        next(client, Stage::Commits(commit.clone()), Some(commit))
                    }
                    _ => unreachable!("nothing else reads"),
                }
            }
            (Stage::Commits(_), Event::Answer(Answer::Written)) => done(client, Outcome::Success),
            (Stage::Commits(_), Event::Answer(Answer::Conflict)) => {
                client.conflicts += 1;
                match client.ask {
                    _ if client.conflicts > MOST => done(client, Outcome::Unknown),
                    // It may have been this call that ended it.
                    Ask::Remove(_) if client.unsure => done(client, Outcome::Success),
                    Ask::Remove(_) => done(client, Outcome::Gone),
                    Ask::Write(handle) | Ask::Move(handle, _) => {
                        next(client, Stage::Reads, Some(Command::Get(handle)))
                    }
                    Ask::Create(handle, _) | Ask::SignIn(handle, _) => {
                        next(client, Stage::ReadsBack, Some(Command::Get(handle)))
                    }
                    Ask::Revoke(_) => unreachable!("it commits nothing"),
                }
            }
            (Stage::Commits(commit), Event::Lost) => {
                client.unsure = true;
                client.repeats += 1;
                match client.ask {
                    Ask::Create(handle, _) | Ask::SignIn(handle, _)
                        if self.fault != Some(FirestoreFault::CreatesBlindly) =>
                    {
                        next(client, Stage::ReadsBack, Some(Command::Get(handle)))
                    }
                    _ if client.repeats > MOST => done(client, Outcome::Unknown),
                    _ => next(client, Stage::Commits(commit.clone()), Some(commit)),
                }
            }
            (Stage::ReadsBack, Event::Answer(Answer::Session(found))) => match found {
                Some(found) if found.revision == me => done(client, Outcome::Success),
                Some(_) => done(client, Outcome::Gone),
                None if client.unsure => done(client, Outcome::Unknown),
                None => match client.ask {
                    Ask::SignIn(_, principal) => next(
                        client,
                        Stage::Queries(None),
                        Some(Command::Query(principal)),
                    ),
                    _ => done(client, Outcome::Unknown),
                },
            },
            (Stage::Lists(which), Event::Answer(Answer::Sessions(sessions, _))) => {
                let of = |handle| which.as_ref().is_none_or(|which| which.contains(&handle));
                let ends: Vec<_> = sessions.iter().copied().filter(|it| of(it.0)).collect();
                if ends.is_empty() {
                    return done(client, Outcome::Success);
                }
                let batch = ends.iter();
                let batch = batch.map(|it| Write::Delete(it.0, When::Unchanged(it.1)));
                let command = Command::Batch(batch.collect());
                next(client, Stage::Ends(ends), Some(command))
            }
            (Stage::Ends(ends), Event::Answer(Answer::Each(each))) => {
                let changed = ends.iter().zip(each).filter(|(_, is_ended)| !**is_ended);
                let changed: BTreeSet<_> = changed.map(|(it, _)| it.0).collect();
                client.conflicts += 1;
                match client.ask {
                    _ if changed.is_empty() => done(client, Outcome::Success),
                    _ if self.fault == Some(FirestoreFault::LooksOnce) => {
                        done(client, Outcome::Success)
                    }
                    _ if client.conflicts > MOST => done(client, Outcome::Unknown),
                    Ask::Revoke(principal) => {
                        let again = Stage::Lists(Some(changed));
                        next(client, again, Some(Command::Query(principal)))
                    }
                    _ => unreachable!("nothing else ends many"),
                }
            }
            (Stage::Ends(ends), Event::Lost) => {
                client.repeats += 1;
                if client.repeats > MOST {
                    return done(client, Outcome::Unknown);
                }
                let batch = ends.iter();
                let batch = batch.map(|it| Write::Delete(it.0, When::Unchanged(it.1)));
                let command = Command::Batch(batch.collect());
                next(client, Stage::Ends(ends), Some(command))
            }
            // A read that is lost fails the request: it could as well be sent again.
            _ => done(client, Outcome::Unknown),
        }
    }

    fn apply(&self, db: &mut Db, command: &Command) -> Answer {
        db.apply(command)
    }

    fn remember(&self, ghost: &mut Ghost, before: &Db, after: &Db, command: Option<&Command>) {
        ghost.remember(self, before, after, command);
    }

    fn may_fail_over(&self) -> bool {
        // It answers when a majority of its replicas has the write.
        false
    }
    fn clauses() -> Vec<Clause<Self>> {
        clauses::clauses()
    }
}

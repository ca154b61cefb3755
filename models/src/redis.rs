//! Records and indexes, one key for each step: the steps of certsession-redis. A portion of an index
//! is one entry here, so that everything can happen between two of them.
//!
//! An ended session leaves an empty value in its place for a while. A failover can lose the last
//! step of all; what that does is what `docs/redis.md` says it does, and no more.

use std::collections::BTreeSet;

use crate::firestore::Ask;
use crate::network::{Clause, Event, Next, Protocol, State};

type Handle = u8;
type Principal = u8;
/// Which request a record is of: each has a revision of its own.
type Request = u8;

/// The steps, and a fault that was planted in them.
#[derive(Clone, Debug)]
pub struct Redis {
    /// The sessions that are there when the requests begin, each with its principal.
    pub sessions: Vec<(Handle, Principal)>,
    /// What is asked for, all at once.
    pub requests: Vec<Ask>,
    /// How many sessions a principal may have, where a sign-in is limited.
    pub limit: usize,
    /// Whether the server compares and sets by itself, in place of `replace.lua`.
    pub is_native: bool,
    /// Whether a failover loses the last step.
    pub fails_over: bool,
    /// A fault in the order of the steps, or none.
    pub fault: Option<RedisFault>,
}

/// A fault that the checker has to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedisFault {
    /// A write that finds no record makes one, as actix-session's does.
    WritesWhatIsGone,
    /// An end leaves nothing in the session's place.
    LeavesNoPlace,
    /// The client gets its token before the session is in its index.
    AnswersBeforeIndexing,
    /// A write whose answer was lost is applied to whatever is there now.
    AppliesOnceMore,
    /// Revoking all does not look again at what had changed.
    LooksOnce,
    /// Whether there is room is asked in one step and used in another.
    CountsFirst,
    /// Revoking all does not look at the entries that were condemned while it went through the
    /// others.
    SkipsCondemned,
    /// A write that was sent twice and refused takes whatever record it finds for its own.
    TakesAnothersForItsOwn,
}

/// What the server holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Db {
    sessions: Vec<Slot>,
    /// The entries of each principal with their times, oldest first.
    entries: [Vec<(Time, Handle)>; 2],
    /// Those that are condemned to make room.
    condemned: [BTreeSet<Handle>; 2],
}

/// When a session began, by the clock of the request that signs in: sent again, a command has the
/// same.
type Time = u8;

/// After those that are there already.
fn began(request: Request) -> Time {
    10 + request
}

/// The key of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Slot {
    /// It is not there.
    #[default]
    Free,
    /// An empty value: it has ended.
    Ended,
    /// A record.
    Kept(Record),
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record {
    revision: Request,
    principal: Principal,
    written: BTreeSet<Request>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// `GET`.
    Get(Handle),
    /// `create.lua`.
    Create(Handle, Record),
    /// `replace.lua`: if the record still has this revision.
    Replace(Handle, Request, Record),
    /// `SET … IFEQ`: if the record is still this one.
    SetIfEqual(Handle, Record, Record),
    /// `drop.lua`.
    Drop(Handle, Request),
    /// `end.lua`.
    End(Handle),
    /// `join.lua`, without a limit.
    Join(Principal, Handle, Time),
    /// `join.lua` and `admit.lua`: with one.
    Admit(Principal, Handle, Time),
    /// How many entries there are: of a planted fault.
    Count(Principal),
    /// `ZREM`.
    Leave(Principal, Handle),
    /// `page.lua`: the first entry behind this time.
    Next(Principal, Time),
    /// `page.lua`: the first condemned entry behind this session.
    NextCondemned(Principal, Option<Handle>),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// It was done.
    Done,
    /// It was not: the record is not the expected one, or there is none.
    Refused,
    /// The record as it is, or none.
    Found(Option<Record>),
    /// These entries: those that count, or those whose sessions are to end.
    Entries(Vec<Handle>),
    /// An entry of an index and its place, or none.
    Entry(Option<(Time, Handle)>),
}

/// How far a request has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client {
    me: Request,
    ask: Ask,
    stage: Stage,
    /// The command that is under way.
    sent: Option<Command>,
    /// Whether it was sent before, and the answer lost.
    is_repeated: bool,
    /// The principal that the session had before.
    before: Option<Principal>,
    /// What is still to be done to sessions: ended, or left.
    to_end: Vec<Handle>,
    /// How far a walk through an index has come.
    behind: Walk,
    repeats: u8,
    turns: u8,
}

/// How far a walk through an index has come: through the entries that count, then through those
/// that are condemned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Walk {
    Counted(Time),
    Condemned(Option<Handle>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Begins,
    Creates,
    Reads,
    Counts,
    Joins,
    Replaces,
    /// Reads what the record is after a refusal: whether the refused command was sent twice.
    LooksBack(bool),
    /// Ends the sessions that make room.
    Evicts,
    Leaves,
    Ends,
    Lists,
    /// Revoking: reads, and drops, one session after another.
    Looks,
    Drops,

    Done(Outcome),
}

/// What the client of the application is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Outcome {
    Success,
    Gone,
    Unknown,
}

/// What the checker remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ghost {
    /// Sessions of which an end was taken.
    ended: BTreeSet<Handle>,
    /// Sessions whose end, last write or entry a failover has lost.
    lost: BTreeSet<Handle>,
    once: BTreeSet<Request>,
    twice: BTreeSet<Request>,
}

impl Db {
    fn record(&self, handle: Handle) -> Option<&Record> {
        match self.sessions.get(usize::from(handle))? {
            Slot::Kept(record) => Some(record),
            _ => None,
        }
    }

    /// The sessions that are listed for a principal.
    fn listed(&self, principal: Principal) -> usize {
        let entries = self.entries[usize::from(principal)].iter();
        let belongs = |(_, handle): &&(Time, Handle)| {
            let record = self.record(*handle);
            record.is_some_and(|record| record.principal == principal)
        };
        entries.filter(belongs).count()
    }

    fn join(&mut self, principal: Principal, handle: Handle, time: Time) {
        let entries = &mut self.entries[usize::from(principal)];
        entries.retain(|it| it.1 != handle);
        entries.push((time, handle));
        entries.sort_unstable();
        self.condemned[usize::from(principal)].remove(&handle);
    }

    fn entry(&self, of: usize, handle: Handle) -> Option<Time> {
        let mut entries = self.entries[of].iter();
        entries.find(|it| it.1 == handle).map(|it| it.0)
    }

    fn end(&mut self, handle: Handle, leaves_no_place: bool) {
        self.sessions[usize::from(handle)] = match leaves_no_place {
            true => Slot::Free,
            false => Slot::Ended,
        };
    }
}

fn record(request: Request, principal: Principal, before: Option<&Record>) -> Record {
    let mut written = before.map(|it| it.written.clone()).unwrap_or_default();
    written.insert(request);
    Record {
        revision: request,
        principal,
        written,
    }
}

fn send(mut client: Client, stage: Stage, command: Command) -> Next<Redis> {
    client.stage = stage;
    client.sent = Some(command.clone());
    client.is_repeated = false;
    Next {
        client,
        command: Some(command),
    }
}

fn done(mut client: Client, outcome: Outcome) -> Next<Redis> {
    client.stage = Stage::Done(outcome);
    client.sent = None;
    Next {
        client,
        command: None,
    }
}

/// More than can be needed with so few requests.
const MOST: u8 = 3;

impl Redis {
    /// Begins with the sessions that are to end, or goes on to what comes after.
    fn evict(&self, mut client: Client) -> Next<Self> {
        match client.to_end.pop() {
            Some(handle) => send(client, Stage::Evicts, Command::End(handle)),
            None => match (client.ask, client.before) {
                (Ask::Move(handle, principal), Some(before)) if before != principal => {
                    client.before = None;
                    send(client, Stage::Leaves, Command::Leave(before, handle))
                }
                _ => done(client, Outcome::Success),
            },
        }
    }

    /// Looks for the next session that is to be revoked.
    fn walk(&self, client: Client, principal: Principal) -> Next<Self> {
        let command = match client.behind {
            Walk::Counted(time) => Command::Next(principal, time),
            Walk::Condemned(handle) => Command::NextCondemned(principal, handle),
        };
        send(client, Stage::Lists, command)
    }

    /// The step that makes a session one of its principal's.
    fn join(&self, client: Client, principal: Principal, handle: Handle) -> Next<Self> {
        let is_limited = matches!(client.ask, Ask::SignIn(..) | Ask::Move(..));
        let time = began(client.me);
        match (is_limited, self.fault) {
            (true, Some(RedisFault::CountsFirst)) => {
                send(client, Stage::Counts, Command::Count(principal))
            }
            (true, _) => send(
                client,
                Stage::Joins,
                Command::Admit(principal, handle, time),
            ),
            (false, _) => send(client, Stage::Joins, Command::Join(principal, handle, time)),
        }
    }

    fn replace(&self, client: Client, found: &Record) -> Next<Self> {
        let (handle, principal) = match client.ask {
            Ask::Write(handle) => (handle, found.principal),
            Ask::Move(handle, principal) => (handle, principal),
            _ => unreachable!("nothing else changes a record"),
        };
        let new = record(client.me, principal, Some(found));
        // A change of the principal is one pipeline with the entries, so its reply has to be
        // complete: that of the script.
        let command = match (self.is_native, client.ask) {
            (true, Ask::Write(_)) => Command::SetIfEqual(handle, found.clone(), new),
            _ => Command::Replace(handle, found.revision, new),
        };
        send(client, Stage::Replaces, command)
    }

    /// Applies the change to a newer record, unless that may already contain it.
    fn replace_newer(&self, mut client: Client, newer: &Record, is_repeated: bool) -> Next<Self> {
        client.turns += 1;
        let is_unsure = is_repeated && self.fault != Some(RedisFault::AppliesOnceMore);
        if is_unsure || client.turns > MOST {
            return done(client, Outcome::Unknown);
        }
        client.before = Some(newer.principal);
        self.replace(client, newer)
    }
}

impl Protocol for Redis {
    type Db = Db;
    type Command = Command;
    type Answer = Answer;
    type Client = Client;
    type Ghost = Ghost;

    fn begin(&self) -> (Db, Vec<Client>) {
        let mut db = Db {
            sessions: vec![Slot::Free; 4],
            ..Db::default()
        };
        for (handle, principal) in &self.sessions {
            let kept = record(100 + handle, *principal, None);
            db.sessions[usize::from(*handle)] = Slot::Kept(kept);
            db.join(*principal, *handle, 1 + *handle);
        }
        let clients = (0..).zip(&self.requests).map(|(me, ask)| Client {
            me,
            ask: *ask,
            stage: Stage::Begins,
            sent: None,
            is_repeated: false,
            before: None,
            to_end: Vec::new(),
            behind: Walk::Counted(0),
            repeats: 0,
            turns: 0,
        });
        (db, clients.collect())
    }

    fn step(&self, client: &Client, event: Event<&Answer>) -> Next<Self> {
        let mut client = client.clone();
        let me = client.me;
        let answer = match event {
            Event::Begin => {
                return match client.ask {
                    Ask::Create(handle, principal) | Ask::SignIn(handle, principal) => {
                        let new = record(me, principal, None);
                        send(client, Stage::Creates, Command::Create(handle, new))
                    }
                    Ask::Write(handle) | Ask::Move(handle, _) => {
                        send(client, Stage::Reads, Command::Get(handle))
                    }
                    Ask::Remove(handle) => send(client, Stage::Ends, Command::End(handle)),
                    Ask::Revoke(principal) => self.walk(client, principal),
                };
            }
            // Every command is sent once more after its connection was lost.
            Event::Lost if client.repeats < MOST => {
                client.repeats += 1;
                client.is_repeated = true;
                let command = client.sent.clone();
                return Next { client, command };
            }
            Event::Lost => return done(client, Outcome::Unknown),
            Event::Answer(answer) => answer,
        };
        match (client.stage, answer, client.ask) {
            (
                Stage::Creates,
                Answer::Done,
                Ask::Create(handle, principal) | Ask::SignIn(handle, principal),
            ) => match self.fault {
                Some(RedisFault::AnswersBeforeIndexing) => done(client, Outcome::Success),
                _ => self.join(client, principal, handle),
            },
            (Stage::Creates, _, _) => done(client, Outcome::Gone),
            (Stage::Counts, Answer::Entries(entries), ask) => {
                let (Ask::SignIn(handle, principal) | Ask::Move(handle, principal)) = ask else {
                    unreachable!("only sign-ins are limited");
                };
                let others: Vec<_> = entries.iter().filter(|it| **it != handle).collect();
                let excess = (others.len() + 1).saturating_sub(self.limit);
                client.to_end = others[..excess].iter().map(|it| **it).collect();
                let time = began(client.me);
                send(client, Stage::Joins, Command::Join(principal, handle, time))
            }
            (Stage::Joins, answer, ask) => {
                if let Answer::Entries(condemned) = answer {
                    client.to_end = condemned.clone();
                }
                match ask {
                    // The record is there already; sessions that make room end at last.
                    Ask::Create(..) | Ask::SignIn(..) | Ask::Move(..) => self.evict(client),
                    _ => unreachable!("nothing else joins"),
                }
            }
            (Stage::Reads, Answer::Found(None), _) => done(client, Outcome::Gone),
            (Stage::Reads, Answer::Found(Some(found)), _) => {
                client.before = Some(found.principal);
                self.replace(client, found)
            }
            // A limited principal's entry comes last: the oldest may not end for a sign-in that
            // fails.
            (Stage::Replaces, Answer::Done, Ask::Move(handle, principal)) => {
                self.join(client, principal, handle)
            }
            (Stage::Replaces, Answer::Done, _) => done(client, Outcome::Success),
            (Stage::Replaces, Answer::Found(None), _) => done(client, Outcome::Gone),
            (Stage::Replaces, Answer::Found(Some(newer)), _) => {
                let is_repeated = client.is_repeated;
                self.replace_newer(client, newer, is_repeated)
            }
            (Stage::Replaces, Answer::Refused, Ask::Write(handle)) => {
                let stage = Stage::LooksBack(client.is_repeated);
                send(client, stage, Command::Get(handle))
            }
            (Stage::LooksBack(_), Answer::Found(None), _) => done(client, Outcome::Gone),
            (Stage::LooksBack(is_repeated), Answer::Found(Some(newer)), _) => {
                let takes_any = self.fault == Some(RedisFault::TakesAnothersForItsOwn);
                match newer.revision == me || (is_repeated && takes_any) {
                    true => done(client, Outcome::Success),
                    false => self.replace_newer(client, newer, is_repeated),
                }
            }
            (Stage::Evicts, _, _) => self.evict(client),
            (Stage::Leaves, _, _) => done(client, Outcome::Success),
            (Stage::Ends, Answer::Done, _) => done(client, Outcome::Success),
            (Stage::Ends, _, _) => done(client, Outcome::Gone),
            (Stage::Lists, Answer::Entry(entry), Ask::Revoke(principal)) => {
                match (entry, client.behind) {
                    (Some((time, handle)), walk) => {
                        client.behind = match walk {
                            Walk::Counted(_) => Walk::Counted(*time),
                            Walk::Condemned(_) => Walk::Condemned(Some(*handle)),
                        };
                        send(client, Stage::Looks, Command::Get(*handle))
                    }
                    (None, Walk::Counted(_)) if self.fault != Some(RedisFault::SkipsCondemned) => {
                        client.behind = Walk::Condemned(None);
                        self.walk(client, principal)
                    }
                    (None, _) => done(client, Outcome::Success),
                }
            }
            (Stage::Looks | Stage::Drops, Answer::Found(found), Ask::Revoke(principal)) => {
                let again = client.stage == Stage::Drops;
                client.turns += 1;
                match found {
                    Some(found)
                        if found.principal == principal
                            && !(again && self.fault == Some(RedisFault::LooksOnce)) =>
                    {
                        let handle = match client.sent {
                            Some(Command::Get(handle) | Command::Drop(handle, _)) => handle,
                            _ => unreachable!("it reads or drops"),
                        };
                        let revision = found.revision;
                        send(client, Stage::Drops, Command::Drop(handle, revision))
                    }
                    _ => self.walk(client, principal),
                }
            }
            (Stage::Drops, Answer::Done, Ask::Revoke(principal)) => self.walk(client, principal),
            _ => done(client, Outcome::Unknown),
        }
    }

    fn apply(&self, db: &mut Db, command: &Command) -> Answer {
        let leaves_no_place = self.fault == Some(RedisFault::LeavesNoPlace);
        match command {
            Command::Get(handle) => Answer::Found(db.record(*handle).cloned()),
            Command::Create(handle, new) => match &db.sessions[usize::from(*handle)] {
                Slot::Free => {
                    db.sessions[usize::from(*handle)] = Slot::Kept(new.clone());
                    Answer::Done
                }
                Slot::Kept(kept) if kept.revision == new.revision => Answer::Done,
                _ => Answer::Found(None),
            },
            Command::Replace(handle, revision, new) => match db.record(*handle) {
                Some(kept) if kept.revision == *revision => {
                    db.sessions[usize::from(*handle)] = Slot::Kept(new.clone());
                    Answer::Done
                }
                Some(kept) if kept.revision == new.revision => Answer::Done,
                None if self.fault == Some(RedisFault::WritesWhatIsGone) => {
                    db.sessions[usize::from(*handle)] = Slot::Kept(new.clone());
                    Answer::Done
                }
                kept => Answer::Found(kept.cloned()),
            },
            Command::SetIfEqual(handle, expected, new) => match db.record(*handle) {
                Some(kept) if kept == expected => {
                    db.sessions[usize::from(*handle)] = Slot::Kept(new.clone());
                    Answer::Done
                }
                None if self.fault == Some(RedisFault::WritesWhatIsGone) => {
                    db.sessions[usize::from(*handle)] = Slot::Kept(new.clone());
                    Answer::Done
                }
                _ => Answer::Refused,
            },
            Command::Drop(handle, revision) => match db.record(*handle) {
                Some(kept) if kept.revision == *revision => {
                    db.end(*handle, leaves_no_place);
                    Answer::Done
                }
                kept => Answer::Found(kept.cloned()),
            },
            Command::End(handle) => match db.record(*handle) {
                Some(_) => {
                    db.end(*handle, leaves_no_place);
                    Answer::Done
                }
                None => Answer::Found(None),
            },
            Command::Join(principal, handle, time) => {
                db.join(*principal, *handle, *time);
                Answer::Done
            }
            Command::Admit(principal, handle, time) => {
                let at = usize::from(*principal);
                let mut counted = db.entries[at].clone();
                counted.retain(|it| it.1 != *handle);
                let excess = (counted.len() + 1).saturating_sub(self.limit);
                let condemned: Vec<_> = counted.drain(..excess).map(|it| it.1).collect();
                db.entries[at] = counted;
                db.condemned[at].extend(condemned);
                db.join(*principal, *handle, *time);
                Answer::Entries(db.condemned[at].iter().copied().collect())
            }
            Command::Count(principal) => {
                let entries = db.entries[usize::from(*principal)].iter();
                Answer::Entries(entries.map(|it| it.1).collect())
            }
            Command::Leave(principal, handle) => {
                let at = usize::from(*principal);
                db.entries[at].retain(|it| it.1 != *handle);
                db.condemned[at].remove(handle);
                Answer::Done
            }
            Command::Next(principal, behind) => {
                let mut entries = db.entries[usize::from(*principal)].iter();
                Answer::Entry(entries.find(|it| it.0 > *behind).copied())
            }
            Command::NextCondemned(principal, behind) => {
                let mut condemned = db.condemned[usize::from(*principal)].iter();
                let next = condemned.find(|it| behind.is_none_or(|behind| **it > behind));
                Answer::Entry(next.map(|handle| (0, *handle)))
            }
        }
    }

    fn remember(&self, ghost: &mut Ghost, before: &Db, after: &Db, command: Option<&Command>) {
        let handles = 0..before.sessions.len() as Handle;
        let Some(command) = command else {
            // A failover: whatever of a session is another than it was, is lost.
            ghost.lost.extend(handles.filter(|handle| {
                let is_in = |db: &Db| {
                    let index =
                        |at: usize| (db.entry(at, *handle), db.condemned[at].contains(handle));
                    (
                        db.sessions[usize::from(*handle)].clone(),
                        index(0),
                        index(1),
                    )
                };
                is_in(before) != is_in(after)
            }));
            return;
        };
        for handle in handles {
            let (was, is) = (before.record(handle), after.record(handle));
            if was.is_some() && is.is_none() {
                ghost.ended.insert(handle);
            }
            if let Command::Create(..) | Command::Replace(..) | Command::SetIfEqual(..) = command
                && let Some(is) = is
                && was != Some(is)
                && !ghost.once.insert(is.revision)
            {
                ghost.twice.insert(is.revision);
            }
        }
    }

    fn may_fail_over(&self) -> bool {
        self.fails_over
    }

    fn clauses() -> Vec<Clause<Self>> {
        let always = |name, holds| Clause {
            name,
            always: true,
            holds,
        };
        vec![
            always("an ended session never comes back", |_, state| {
                let mut ended = state.ghost.ended.iter();
                ended.all(|handle| state.db.record(*handle).is_none())
            }),
            always(
                "an ended session comes back by a lost end alone",
                |_, state| {
                    let ghost = &state.ghost;
                    let mut back = ghost
                        .ended
                        .iter()
                        .filter(|it| state.db.record(**it).is_some());
                    back.all(|handle| ghost.lost.contains(handle))
                },
            ),
            always(
                "each write is taken once at the most, but for what was lost",
                |_, state| state.ghost.twice.is_empty() || !state.ghost.lost.is_empty(),
            ),
            always(
                "an acknowledged write is kept, but for what was lost",
                |_, state| {
                    clients(state).all(|client| match (client.ask, client.stage) {
                        (
                            Ask::Write(handle)
                            | Ask::Move(handle, _)
                            | Ask::Create(handle, _)
                            | Ask::SignIn(handle, _),
                            Stage::Done(Outcome::Success),
                        ) => match state.db.record(handle) {
                            _ if state.ghost.lost.contains(&handle) => true,
                            Some(record) => record.written.contains(&client.me),
                            None => state.ghost.ended.contains(&handle),
                        },
                        _ => true,
                    })
                },
            ),
            always(
                "a session that can be used is found by its principal",
                |_, state| {
                    clients(state).all(|client| match (client.ask, client.stage) {
                        (
                            Ask::Create(handle, _) | Ask::SignIn(handle, _) | Ask::Move(handle, _),
                            Stage::Done(Outcome::Success),
                        ) => match state.db.record(handle) {
                            Some(record) if !state.ghost.lost.contains(&handle) => {
                                let at = usize::from(record.principal);
                                let is_condemned = state.db.condemned[at].contains(&handle);
                                state.db.entry(at, handle).is_some() || is_condemned
                            }
                            _ => true,
                        },
                        _ => true,
                    })
                },
            ),
            always(
                "no more sessions are listed than the limit allows",
                |model, state| {
                    let mut asks = model.protocol.requests.iter();
                    let is_limited = asks.any(|it| matches!(it, Ask::SignIn(..) | Ask::Move(..)));
                    !is_limited || (0..2).all(|it| state.db.listed(it) <= model.protocol.limit)
                },
            ),
            always(
                "revoking all leaves none of the earlier sessions",
                |model, state| {
                    clients(state).all(|client| match (client.ask, client.stage) {
                        (Ask::Revoke(principal), Stage::Done(Outcome::Success)) => {
                            let sessions = &model.protocol.sessions;
                            let mut earlier = sessions.iter().filter(|it| it.1 == principal);
                            earlier.all(|(handle, _)| {
                                let record = state.db.record(*handle);
                                state.ghost.lost.contains(handle)
                                    || record.is_none_or(|it| it.principal != principal)
                            })
                        }
                        _ => true,
                    })
                },
            ),
            Clause {
                name: "every request can succeed",
                always: false,
                holds: |_, state| {
                    state.clients.iter().flatten().count() == state.clients.len()
                        && clients(state).all(|it| it.stage == Stage::Done(Outcome::Success))
                },
            },
        ]
    }
}

fn clients(state: &State<Redis>) -> impl Iterator<Item = &Client> {
    state.clients.iter().flatten()
}

//! Documents with preconditions: the steps of certsession-firestore.
//!
//! The database takes a commit whole or not at all; but a reader can see it half done, so a limit
//! has to hold after each of its writes. Each write gives its document an update time that it never
//! had.

use std::collections::BTreeSet;

use crate::network::{Clause, Event, Next, Protocol, State};

/// A session's number, a principal's number, and an update time.
type Handle = u8;
type Principal = u8;
type Time = u8;
/// Which request a write is of: each has a revision of its own.
type Request = u8;

/// The steps, and a fault that was planted in them.
#[derive(Clone, Debug)]
pub struct Firestore {
    /// The sessions that are there when the requests begin, each with its principal.
    pub sessions: Vec<(Handle, Principal)>,
    /// What is asked for, all at once.
    pub requests: Vec<Ask>,
    /// How many sessions a principal may have.
    pub limit: usize,
    /// A fault in the order of the steps, or none.
    pub fault: Option<FirestoreFault>,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// A session that is signed in, without a limit.
    Create(Handle, Principal),
    /// A session that is signed in, under the limit: the oldest ends.
    SignIn(Handle, Principal),
    /// A write to a session.
    Write(Handle),
    /// Signs in within a session that is there, under the limit.
    Move(Handle, Principal),
    /// Ends a session.
    Remove(Handle),
    /// Ends all of a principal.
    Revoke(Principal),
}

/// A fault that the checker has to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirestoreFault {
    /// A creation whose answer was lost is sent again.
    CreatesBlindly,
    /// A write has no precondition, as an upsert has none.
    WritesWithoutPrecondition,
    /// A write whose answer was lost is applied to whatever is there now.
    AppliesOnceMore,
    /// Revoking all does not look again at what had changed.
    LooksOnce,
    /// A sign-in does not take the turn of its principal.
    TakesNoTurn,
    /// The creation comes before the ends that make room for it.
    CreatesFirst,
    /// Ends that make room have no precondition.
    EvictsBlindly,
}

/// What the database holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Db {
    sessions: Vec<Option<Session>>,
    turns: [Option<Time>; 2],
    now: Time,
}

/// The document of a session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session {
    time: Time,
    principal: Principal,
    /// The request that wrote it last, and all that have.
    revision: Request,
    written: BTreeSet<Request>,
}

/// A condition of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// Always.
    Always,
    /// The document is not there.
    Absent,
    /// It is there.
    Exists,
    /// It is as it was at this time.
    Unchanged(Time),
}

/// A write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Write {
    /// A session's document is this from now on, but for the time.
    Put(Handle, Session, When),
    /// A session ends.
    Delete(Handle, When),
    /// A principal's turn is taken.
    Turn(Principal, When),
}

/// What the database is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// A session's document.
    Get(Handle),
    /// The documents of a principal.
    Query(Principal),
    /// Writes, all or nothing.
    Commit(Vec<Write>),
    /// Writes, each by itself.
    Batch(Vec<Write>),
}

/// What the database answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// A session's document.
    Session(Option<Session>),
    /// The sessions of a principal, oldest first, and its turn.
    Sessions(Vec<(Handle, Time)>, Option<Time>),
    /// All was written.
    Written,
    /// A condition did not hold.
    Conflict,
    /// For each write, whether its condition held.
    Each(Vec<bool>),
}

/// How far a request has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client {
    me: Request,
    ask: Ask,
    stage: Stage,
    /// Whether a command may have been taken whose answer was lost, since the last read.
    unsure: bool,
    repeats: u8,
    conflicts: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Begins,
    /// Reads what room there is; a change has read its session before.
    Queries(Option<Session>),
    /// Reads the session that it is to change.
    Reads,
    /// Has sent this commit.
    Commits(Command),
    /// Reads what became of a creation.
    ReadsBack,
    /// Revoking: reads the principal's sessions; of these alone, from the second time on.
    Lists(Option<BTreeSet<Handle>>),
    /// Revoking: ends these.
    Ends(Vec<(Handle, Time)>),
    Done(Outcome),
}

/// What the client of the application is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Outcome {
    /// It is done.
    Success,
    /// There is no such session.
    Gone,
    /// 503.
    Unknown,
}

/// What the checker remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ghost {
    /// Sessions of which an end was taken.
    ended: BTreeSet<Handle>,
    /// Sessions that have been there.
    existed: BTreeSet<Handle>,
    /// Requests of which a write was taken twice.
    twice: BTreeSet<Request>,
    once: BTreeSet<Request>,
    /// A reader could see more sessions than the limit allows.
    too_many: bool,
    /// A session ended for another principal than it had.
    wrong_end: bool,
}

fn is_true(document: Option<Time>, when: When) -> bool {
    match when {
        When::Always => true,
        When::Absent => document.is_none(),
        When::Exists => document.is_some(),
        When::Unchanged(time) => document == Some(time),
    }
}

impl Db {
    fn session(&self, handle: Handle) -> Option<&Session> {
        self.sessions.get(usize::from(handle))?.as_ref()
    }

    fn of(&self, principal: Principal) -> impl Iterator<Item = (Handle, &Session)> {
        let sessions = (0..).zip(&self.sessions);
        let sessions = sessions.filter_map(|(handle, it)| Some((handle, it.as_ref()?)));
        sessions.filter(move |(_, it)| it.principal == principal)
    }

    fn holds(&self, write: &Write) -> bool {
        match write {
            Write::Put(handle, _, when) | Write::Delete(handle, when) => {
                is_true(self.session(*handle).map(|it| it.time), *when)
            }
            Write::Turn(principal, when) => is_true(self.turns[usize::from(*principal)], *when),
        }
    }

    fn write(&mut self, write: &Write) {
        self.now += 1;
        let time = self.now;
        match write {
            Write::Put(handle, session, _) => {
                let session = Session {
                    time,
                    ..session.clone()
                };
                self.sessions[usize::from(*handle)] = Some(session);
            }
            Write::Delete(handle, _) => self.sessions[usize::from(*handle)] = None,
            Write::Turn(principal, _) => self.turns[usize::from(*principal)] = Some(time),
        }
    }
}

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
        match command {
            Command::Get(handle) => Answer::Session(db.session(*handle).cloned()),
            Command::Query(principal) => {
                let mut sessions: Vec<_> = db.of(*principal).collect();
                sessions.sort_by_key(|(handle, it)| (it.time, *handle));
                let sessions = sessions.iter().map(|(handle, it)| (*handle, it.time));
                Answer::Sessions(sessions.collect(), db.turns[usize::from(*principal)])
            }
            Command::Commit(writes) => {
                if !writes.iter().all(|write| db.holds(write)) {
                    return Answer::Conflict;
                }
                writes.iter().for_each(|write| db.write(write));
                Answer::Written
            }
            Command::Batch(writes) => {
                let each = writes.iter().map(|write| {
                    let holds = db.holds(write);
                    if holds {
                        db.write(write);
                    }
                    holds
                });
                Answer::Each(each.collect())
            }
        }
    }

    fn remember(&self, ghost: &mut Ghost, before: &Db, after: &Db, command: Option<&Command>) {
        let writes = match command {
            Some(Command::Commit(writes) | Command::Batch(writes)) if before != after => writes,
            _ => return,
        };
        let mut half = before.clone();
        for write in writes {
            if matches!(command, Some(Command::Batch(_))) && !half.holds(write) {
                continue;
            }
            match write {
                Write::Put(handle, session, _) => {
                    ghost.existed.insert(*handle);
                    if !ghost.once.insert(session.revision) {
                        ghost.twice.insert(session.revision);
                    }
                }
                Write::Delete(handle, _) => {
                    ghost.existed.insert(*handle);
                    ghost.ended.insert(*handle);
                    let turn = writes.iter().find_map(|write| match write {
                        Write::Turn(principal, _) => Some(*principal),
                        _ => None,
                    });
                    let had = half.session(*handle).map(|it| it.principal);
                    ghost.wrong_end |= turn.is_some() && had.is_some() && turn != had;
                }
                Write::Turn(..) => {}
            }
            half.write(write);
            let is_limited = |principal: Principal| half.turns[usize::from(principal)].is_some();
            let has_too_many = |principal: &Principal| half.of(*principal).count() > self.limit;
            let limits = self
                .requests
                .iter()
                .any(|ask| matches!(ask, Ask::SignIn(..) | Ask::Move(..)));
            let without_turns = self.fault == Some(FirestoreFault::TakesNoTurn);
            ghost.too_many |=
                limits && (0..2).any(|it| (is_limited(it) || without_turns) && has_too_many(&it));
        }
    }

    fn may_fail_over(&self) -> bool {
        // It answers when a majority of its replicas has the write.
        false
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
                ended.all(|handle| state.db.session(*handle).is_none())
            }),
            always("each write is taken once at the most", |_, state| {
                state.ghost.twice.is_empty()
            }),
            always("an acknowledged write is kept", |_, state| {
                clients(state).all(|client| match (client.ask, outcome(client)) {
                    (
                        Ask::Write(handle)
                        | Ask::Move(handle, _)
                        | Ask::Create(handle, _)
                        | Ask::SignIn(handle, _),
                        Some(Outcome::Success),
                    ) => match state.db.session(handle) {
                        Some(session) => session.written.contains(&client.me),
                        None => state.ghost.ended.contains(&handle),
                    },
                    _ => true,
                })
            }),
            always("a limit holds for every reader", |_, state| {
                !state.ghost.too_many
            }),
            always("no sign-in ends another principal's session", |_, state| {
                !state.ghost.wrong_end
            }),
            always(
                "revoking all leaves none of the earlier sessions",
                |model, state| {
                    let protocol = &model.protocol;
                    clients(state).all(|client| match (client.ask, outcome(client)) {
                        (Ask::Revoke(principal), Some(Outcome::Success)) => {
                            let mut earlier =
                                protocol.sessions.iter().filter(|it| it.1 == principal);
                            earlier.all(|(handle, _)| {
                                let session = state.db.session(*handle);
                                session.is_none_or(|it| it.principal != principal)
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
                        && clients(state).all(|it| outcome(it) == Some(Outcome::Success))
                },
            },
        ]
    }
}

fn clients(state: &State<Firestore>) -> impl Iterator<Item = &Client> {
    state.clients.iter().flatten()
}

fn outcome(client: &Client) -> Option<Outcome> {
    match client.stage {
        Stage::Done(outcome) => Some(outcome),
        _ => None,
    }
}

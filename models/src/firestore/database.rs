//! What the database holds, and how it takes a command.

use std::collections::BTreeSet;

/// A session's number, a principal's number, and an update time.
pub(super) type Handle = u8;
pub(super) type Principal = u8;
pub(super) type Time = u8;
/// Which request a write is of: each has a revision of its own.
pub(super) type Request = u8;

/// What the database holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Db {
    pub(super) sessions: Vec<Option<Session>>,
    pub(super) turns: [Option<Time>; 2],
    pub(super) now: Time,
}

/// The document of a session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session {
    pub(super) time: Time,
    pub(super) principal: Principal,
    /// The request that wrote it last, and all that have.
    pub(super) revision: Request,
    pub(super) written: BTreeSet<Request>,
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

fn is_true(document: Option<Time>, when: When) -> bool {
    match when {
        When::Always => true,
        When::Absent => document.is_none(),
        When::Exists => document.is_some(),
        When::Unchanged(time) => document == Some(time),
    }
}

impl Db {
    pub(super) fn session(&self, handle: Handle) -> Option<&Session> {
        self.sessions.get(usize::from(handle))?.as_ref()
    }

    pub(super) fn of(&self, principal: Principal) -> impl Iterator<Item = (Handle, &Session)> {
        let sessions = (0..).zip(&self.sessions);
        let sessions = sessions.filter_map(|(handle, it)| Some((handle, it.as_ref()?)));
        sessions.filter(move |(_, it)| it.principal == principal)
    }

    pub(super) fn holds(&self, write: &Write) -> bool {
        match write {
            Write::Put(handle, _, when) | Write::Delete(handle, when) => {
                is_true(self.session(*handle).map(|it| it.time), *when)
            }
            Write::Turn(principal, when) => is_true(self.turns[usize::from(*principal)], *when),
        }
    }

    pub(super) fn write(&mut self, write: &Write) {
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

    pub(super) fn apply(&mut self, command: &Command) -> Answer {
        match command {
            Command::Get(handle) => Answer::Session(self.session(*handle).cloned()),
            Command::Query(principal) => {
                let mut sessions: Vec<_> = self.of(*principal).collect();
                sessions.sort_by_key(|(handle, it)| (it.time, *handle));
                let sessions = sessions.iter().map(|(handle, it)| (*handle, it.time));
                Answer::Sessions(sessions.collect(), self.turns[usize::from(*principal)])
            }
            Command::Commit(writes) => {
                if !writes.iter().all(|write| self.holds(write)) {
                    return Answer::Conflict;
                }
                writes.iter().for_each(|write| self.write(write));
                Answer::Written
            }
            Command::Batch(writes) => {
                let each = writes.iter().map(|write| {
                    let holds = self.holds(write);
                    if holds {
                        self.write(write);
                    }
                    holds
                });
                Answer::Each(each.collect())
            }
        }
    }
}

//! A request on its way through its steps.

use std::collections::BTreeSet;

use super::database::{Command, Handle, Principal, Request, Session, Time};

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

/// How far a request has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client {
    pub(super) me: Request,
    pub(super) ask: Ask,
    pub(super) stage: Stage,
    /// Whether a command may have been taken whose answer was lost, since the last read.
    pub(super) unsure: bool,
    pub(super) repeats: u8,
    pub(super) conflicts: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
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
pub(super) enum Outcome {
    /// It is done.
    Success,
    /// There is no such session.
    Gone,
    /// 503.
    Unknown,
}

impl Client {
    pub(super) fn outcome(&self) -> Option<Outcome> {
        match self.stage {
            Stage::Done(outcome) => Some(outcome),
            _ => None,
        }
    }
}

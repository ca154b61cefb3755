//! What the checker remembers, and the clauses of the contract.

use std::collections::BTreeSet;

use super::client::{Ask, Client, Outcome};
use super::database::{Command, Db, Handle, Principal, Request, Write};
use super::plan::{Firestore, FirestoreFault};
use crate::network::{Clause, State};

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

impl Ghost {
    pub(super) fn remember(
        &mut self,
        model: &Firestore,
        before: &Db,
        after: &Db,
        command: Option<&Command>,
    ) {
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
                    self.existed.insert(*handle);
                    if !self.once.insert(session.revision) {
                        self.twice.insert(session.revision);
                    }
                }
                Write::Delete(handle, _) => {
                    self.existed.insert(*handle);
                    self.ended.insert(*handle);
                    let turn = writes.iter().find_map(|write| match write {
                        Write::Turn(principal, _) => Some(*principal),
                        _ => None,
                    });
                    let had = half.session(*handle).map(|it| it.principal);
                    self.wrong_end |= turn.is_some() && had.is_some() && turn != had;
                }
                Write::Turn(..) => {}
            }
            half.write(write);
            let is_limited = |principal: Principal| half.turns[usize::from(principal)].is_some();
            let has_too_many = |principal: &Principal| half.of(*principal).count() > model.limit;
            let limits = model
                .requests
                .iter()
                .any(|ask| matches!(ask, Ask::SignIn(..) | Ask::Move(..)));
            let without_turns = model.fault == Some(FirestoreFault::TakesNoTurn);
            self.too_many |=
                limits && (0..2).any(|it| (is_limited(it) || without_turns) && has_too_many(&it));
        }
    }
}

pub(super) fn clauses() -> Vec<Clause<Firestore>> {
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
            clients(state).all(|client| match (client.ask, client.outcome()) {
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
                clients(state).all(|client| match (client.ask, client.outcome()) {
                    (Ask::Revoke(principal), Some(Outcome::Success)) => {
                        let mut earlier = protocol.sessions.iter().filter(|it| it.1 == principal);
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
                    && clients(state).all(|it| it.outcome() == Some(Outcome::Success))
            },
        },
    ]
}

fn clients(state: &State<Firestore>) -> impl Iterator<Item = &Client> {
    state.clients.iter().flatten()
}

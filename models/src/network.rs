//! Requests, a server, and what lies between them.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;

use stateright::{Checker, Model, Property};

/// A store's steps.
pub trait Protocol: Sized + Send + Sync + 'static {
    /// What the server holds.
    type Db: Clone + Debug + Eq + Hash + Send + Sync;
    /// What it is asked.
    type Command: Clone + Debug + Ord + Hash + Send + Sync;
    /// What it answers.
    type Answer: Clone + Debug + Ord + Hash + Send + Sync;
    /// How far a request has come.
    type Client: Clone + Debug + Eq + Hash + Send + Sync;
    /// What the checker alone remembers.
    type Ghost: Clone + Debug + Default + Eq + Hash + Send + Sync;

    /// How it begins.
    fn begin(&self) -> (Self::Db, Vec<Self::Client>);

    /// What a request does next, after an answer or, with `None`, where it begins; and after a
    /// command whose answer did not come.
    fn step(&self, client: &Self::Client, event: Event<&Self::Answer>) -> Next<Self>;

    /// What the server does with a command.
    fn apply(&self, db: &mut Self::Db, command: &Self::Command) -> Self::Answer;

    /// What the checker remembers of a step of the server.
    fn remember(
        &self,
        ghost: &mut Self::Ghost,
        before: &Self::Db,
        after: &Self::Db,
        command: Option<&Self::Command>,
    );

    /// Whether a failover may lose the last step.
    fn may_fail_over(&self) -> bool;

    /// What is to hold: a name, and whether it always holds or has to be possible.
    fn clauses() -> Vec<Clause<Self>>;
}

/// What a request is told.
#[derive(Clone, Copy, Debug)]
pub enum Event<A> {
    /// It begins.
    Begin,
    /// An answer.
    Answer(A),
    /// None came in time: no one knows what became of the command.
    Lost,
}

/// What a request does next.
pub struct Next<P: Protocol> {
    /// How far it is then.
    pub client: P::Client,
    /// What it asks the server.
    pub command: Option<P::Command>,
}

/// What is to hold.
pub struct Clause<P: Protocol> {
    /// The sentence.
    pub name: &'static str,
    /// Whether it always holds, or has to be possible at least.
    pub always: bool,
    /// Whether it holds in this state.
    pub holds: fn(&Network<P>, &State<P>) -> bool,
}

/// Requests and a server.
pub struct Network<P> {
    /// The store's steps.
    pub protocol: P,
    /// How many answers and commands are lost at the most, and how many requests crash.
    pub losses: u8,
}

/// One moment.
pub struct State<P: Protocol> {
    /// What the server holds.
    pub db: P::Db,
    /// What it held before the last step.
    pub previous: Option<P::Db>,
    /// The requests; none where one has crashed.
    pub clients: Vec<Option<P::Client>>,
    /// What the checker remembers.
    pub ghost: P::Ghost,
    /// Who waits for which of its commands.
    waiting: Vec<Option<u8>>,
    sent: Vec<u8>,
    commands: BTreeSet<(usize, u8, P::Command)>,
    answers: BTreeSet<(usize, u8, P::Answer)>,
    losses: u8,
    failed_over: bool,
}

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Happens {
    /// A command arrives at the server.
    Arrives(usize, u8),
    /// An answer arrives at the request.
    Answered(usize, u8),
    /// A request waits no longer. Its command may still arrive.
    GivesUp(usize),
    /// A request is no more.
    Crashes(usize),
    /// The server loses its last step.
    FailsOver,
}

impl<P: Protocol> Network<P> {
    fn advance(&self, state: &mut State<P>, who: usize, event: Event<&P::Answer>) {
        let Some(client) = &state.clients[who] else {
            return;
        };
        let next = self.protocol.step(client, event);
        state.clients[who] = Some(next.client);
        state.waiting[who] = next.command.map(|command| {
            let number = state.sent[who];
            state.sent[who] += 1;
            state.commands.insert((who, number, command));
            number
        });
    }
}

impl<P: Protocol> Model for Network<P> {
    type State = State<P>;
    type Action = Happens;

    fn init_states(&self) -> Vec<State<P>> {
        let (db, clients) = self.protocol.begin();
        let count = clients.len();
        let mut state = State {
            db,
            previous: None,
            clients: clients.into_iter().map(Some).collect(),
            ghost: P::Ghost::default(),
            waiting: vec![None; count],
            sent: vec![0; count],
            commands: BTreeSet::new(),
            answers: BTreeSet::new(),
            losses: self.losses,
            failed_over: false,
        };
        for who in 0..count {
            self.advance(&mut state, who, Event::Begin);
        }
        vec![state]
    }

    fn actions(&self, state: &State<P>, actions: &mut Vec<Happens>) {
        let arrive = state.commands.iter().map(|it| Happens::Arrives(it.0, it.1));
        actions.extend(arrive);
        let answers = state
            .answers
            .iter()
            .filter(|it| state.waiting[it.0] == Some(it.1));
        actions.extend(answers.map(|it| Happens::Answered(it.0, it.1)));
        if state.losses > 0 {
            for who in (0..state.clients.len()).filter(|who| state.waiting[*who].is_some()) {
                actions.push(Happens::GivesUp(who));
                actions.push(Happens::Crashes(who));
            }
        }
        if self.protocol.may_fail_over() && !state.failed_over && state.previous.is_some() {
            actions.push(Happens::FailsOver);
        }
    }

    fn next_state(&self, last: &State<P>, action: Happens) -> Option<State<P>> {
        let mut state = last.clone();
        match action {
            Happens::Arrives(who, number) => {
                let command = state
                    .commands
                    .iter()
                    .find(|it| (it.0, it.1) == (who, number))?
                    .clone();
                state.commands.remove(&command);
                let before = state.db.clone();
                let answer = self.protocol.apply(&mut state.db, &command.2);
                let (ghost, after) = (&mut state.ghost, &state.db);
                self.protocol
                    .remember(ghost, &before, after, Some(&command.2));
                if self.protocol.may_fail_over() && before != state.db {
                    state.previous = Some(before);
                }
                if state.waiting[who] == Some(number) {
                    state.answers.insert((who, number, answer));
                }
            }
            Happens::Answered(who, number) => {
                let answer = state
                    .answers
                    .iter()
                    .find(|it| (it.0, it.1) == (who, number))?
                    .clone();
                state.answers.remove(&answer);
                self.advance(&mut state, who, Event::Answer(&answer.2));
            }
            Happens::GivesUp(who) => {
                state.losses -= 1;
                state.answers.retain(|it| it.0 != who);
                self.advance(&mut state, who, Event::Lost);
            }
            Happens::Crashes(who) => {
                state.losses -= 1;
                state.answers.retain(|it| it.0 != who);
                state.clients[who] = None;
                state.waiting[who] = None;
            }
            Happens::FailsOver => {
                let previous = state.previous.take()?;
                let before = std::mem::replace(&mut state.db, previous);
                let (ghost, after) = (&mut state.ghost, &state.db);
                self.protocol.remember(ghost, &before, after, None);
                state.failed_over = true;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let clauses = P::clauses().into_iter().map(|clause| match clause.always {
            true => Property::always(clause.name, clause.holds),
            false => Property::sometimes(clause.name, clause.holds),
        });
        clauses.collect()
    }
}

/// What the checker found.
#[derive(Debug)]
pub struct Verdict {
    /// How many states there are.
    pub states: usize,
    /// The clauses that do not hold, each with the way to where it does not; and those of which no
    /// case was found.
    pub broken: Vec<(&'static str, String)>,
}

impl Verdict {
    /// Whether this clause is broken.
    pub fn breaks(&self, clause: &str) -> bool {
        self.broken.iter().any(|(name, _)| *name == clause)
    }
}

/// Goes through every order of the steps.
pub fn check<P: Protocol>(protocol: P, losses: u8) -> Verdict {
    let model = Network { protocol, losses };
    let checker = model.checker().threads(2).spawn_bfs().join();
    let found = checker.discoveries();
    let mut broken = Vec::new();
    for clause in P::clauses() {
        match (clause.always, found.get(clause.name)) {
            (true, Some(path)) => {
                let way = path.clone().into_actions();
                broken.push((clause.name, format!("{way:?}")));
            }
            (false, None) => broken.push((clause.name, "no case of it was found".to_owned())),
            _ => {}
        }
    }
    Verdict {
        states: checker.unique_state_count(),
        broken,
    }
}

// By hand: derived ones would ask the same of the protocol itself.
impl<P: Protocol> Clone for State<P> {
    fn clone(&self) -> Self {
        Self {
            db: self.db.clone(),
            previous: self.previous.clone(),
            clients: self.clients.clone(),
            ghost: self.ghost.clone(),
            waiting: self.waiting.clone(),
            sent: self.sent.clone(),
            commands: self.commands.clone(),
            answers: self.answers.clone(),
            losses: self.losses,
            failed_over: self.failed_over,
        }
    }
}

impl<P: Protocol> PartialEq for State<P> {
    fn eq(&self, other: &Self) -> bool {
        self.db == other.db
            && self.previous == other.previous
            && self.clients == other.clients
            && self.ghost == other.ghost
            && self.waiting == other.waiting
            && self.sent == other.sent
            && self.commands == other.commands
            && self.answers == other.answers
            && self.losses == other.losses
            && self.failed_over == other.failed_over
    }
}

impl<P: Protocol> Eq for State<P> {}

impl<P: Protocol> Hash for State<P> {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        (&self.db, &self.previous, &self.clients, &self.ghost).hash(hasher);
        (&self.waiting, &self.sent, &self.commands, &self.answers).hash(hasher);
        (self.losses, self.failed_over).hash(hasher);
    }
}

impl<P: Protocol> Debug for State<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("db", &self.db)
            .field("clients", &self.clients)
            .field("ghost", &self.ghost)
            .field("commands", &self.commands)
            .field("answers", &self.answers)
            .finish_non_exhaustive()
    }
}

impl<P> Debug for Network<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Network(..)")
    }
}

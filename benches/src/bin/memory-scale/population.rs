//! A store full of sessions, through the public API only.

use std::error::Error;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use certsession_benches::{Clients, KEYS, Samples};
use certsession_core::{
    Clock, CookieChange, Key, MemoryStore, PeerState, Presented, Session, SessionError,
    SessionManager, SystemClock, Timestamp, Token,
};

/// The parameters of a population.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// How many sessions.
    pub(crate) sessions: usize,
    /// How many of them requests use.
    pub(crate) used: usize,
    /// Whether they have data: six keys, 500 bytes.
    pub(crate) with_data: bool,
    /// Whether each is signed in as a different principal.
    pub(crate) signed_in: bool,
    /// Whether all have the same certificate.
    pub(crate) share_certificate: bool,
}

/// A store full of sessions, and their clients.
pub(crate) struct Population {
    plan: Plan,
    sessions: SessionManager<MemoryStore>,
    clock: Arc<SetClock>,
    clients: Clients,
    tokens: Vec<[u8; Token::TEXT_LENGTH]>,
}

impl Population {
    /// Creates an empty store. The memory of the benchmark itself is allocated now.
    pub(crate) fn new(plan: Plan) -> Result<Self, Box<dyn Error>> {
        let clock = Arc::new(SetClock(AtomicU64::new(SystemClock.now().as_millis())));
        let store = MemoryStore::with_capacity(plan.sessions);
        Ok(Self {
            plan,
            sessions: SessionManager::builder(store)
                .clock(Arc::clone(&clock))
                // Some plans have one certificate for all.
                .certificate_limit(None)
                .build(),
            clock,
            clients: Clients::new(plan.share_certificate)?,
            tokens: vec![[b'.'; Token::TEXT_LENGTH]; plan.sessions],
        })
    }

    /// Begins every session, and records how long each took.
    pub(crate) fn fill(&mut self, samples: &mut Samples) -> Result<(), Box<dyn Error>> {
        for number in 0..self.plan.sessions {
            let mut session = self.begin(number, samples)?;
            let Some(CookieChange::Set(token)) = session.take_cookie() else {
                return Err("a new session came without a token".into());
            };
            self.tokens[number].copy_from_slice(token.expose().as_bytes());
            if self.plan.is_empty() {
                session.clear()?;
                self.commit(&mut session)?;
            }
        }
        Ok(())
    }

    /// Begins a session; fails if the store is full.
    pub(crate) fn begin(
        &self,
        number: usize,
        samples: &mut Samples,
    ) -> Result<Session, Box<dyn Error>> {
        let peer = self.clients.peer(number)?;
        let mut session = ready(self.sessions.open(Presented::None, &peer))?;
        if self.plan.signed_in {
            session.sign_in(format!("principal-{number:08}"))?;
        }
        for (key, length) in &KEYS {
            if self.plan.with_data {
                session.insert(&Key::<String>::new(key), &"x".repeat(*length))?;
            }
        }
        if self.plan.is_empty() {
            // Only a value or a sign-in begins a session; `fill` removes the value again.
            session.insert(&Key::<String>::new(KEYS[0].0), &String::new())?;
        }
        samples.time(|| self.commit(&mut session))?;
        Ok(session)
    }

    /// A session's token and a connection of its client.
    pub(crate) fn client(&self, number: usize) -> Result<Client, Box<dyn Error>> {
        Ok(Client {
            token: self.tokens[number],
            peer: self.clients.peer(number)?,
        })
    }

    /// Opens a session, like a request.
    pub(crate) fn open(&self, client: &Client) -> Result<Session, Box<dyn Error>> {
        let presented = Presented::One(&client.token);
        Ok(ready(self.sessions.open(presented, &client.peer))?)
    }

    /// Writes one key of a session.
    pub(crate) fn change(&self, session: &mut Session) -> Result<(), Box<dyn Error>> {
        let (key, length) = &KEYS[5];
        Ok(session.insert(&Key::<String>::new(key), &"y".repeat(*length))?)
    }

    /// Commits a session, like the end of a request.
    pub(crate) fn commit(&self, session: &mut Session) -> Result<(), SessionError> {
        match session.begin_commit() {
            Some(pending) => session.finish_commit(ready(self.sessions.execute(pending))),
            None => Ok(()),
        }
    }

    /// Lets every session expire.
    pub(crate) fn let_expire(&self) {
        let hours = Duration::from_secs(24 * 60 * 60);
        let later = self.clock.now() + hours;
        self.clock.0.store(later.as_millis(), Ordering::Relaxed);
    }

    /// How many sessions requests use.
    pub(crate) fn used(&self) -> usize {
        self.plan.used
    }

    /// How many sessions the store holds, including expired ones.
    pub(crate) fn held(&self) -> usize {
        self.sessions.store().len()
    }
}

/// The client of a request.
pub(crate) struct Client {
    token: [u8; Token::TEXT_LENGTH],
    peer: PeerState,
}

#[derive(Debug)]
struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// The memory store's futures are always ready, so no runtime affects the figures.
fn ready<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the memory store never waits"),
    }
}

impl Plan {
    fn is_empty(&self) -> bool {
        !self.with_data && !self.signed_in
    }

    /// The plan as a command line for a separate process.
    pub(crate) fn to_arguments(self) -> Vec<String> {
        let flag = |set: bool| set.to_string();
        vec![
            "--plan".to_owned(),
            self.sessions.to_string(),
            self.used.to_string(),
            flag(self.with_data),
            flag(self.signed_in),
            flag(self.share_certificate),
        ]
    }

    /// The plan in such a command line; `None` if it is another one.
    pub(crate) fn from_arguments(arguments: &[String]) -> Option<Result<Self, Box<dyn Error>>> {
        let [
            plan,
            sessions,
            used,
            with_data,
            signed_in,
            share_certificate,
        ] = arguments
        else {
            return None;
        };
        let read = || {
            Ok(Self {
                sessions: sessions.parse()?,
                used: used.parse()?,
                with_data: with_data.parse()?,
                signed_in: signed_in.parse()?,
                share_certificate: share_certificate.parse()?,
            })
        };
        (plan == "--plan").then(read)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.with_data {
            "six keys, 500 bytes"
        } else {
            "empty"
        })?;
        if self.signed_in {
            f.write_str(", signed in")?;
        }
        f.write_str(if self.share_certificate {
            "; one certificate for all"
        } else {
            "; a certificate each"
        })
    }
}

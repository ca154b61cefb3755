//! What the store has acknowledged, and what came of it.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use certsession_core::{Handle, StoreError, StoreErrorKind};

/// The book in which all clients write.
#[derive(Default)]
pub(crate) struct Ledger {
    pages: Mutex<Pages>,
    /// When each request that has no answer yet was begun.
    in_flight: Mutex<BTreeMap<usize, Instant>>,
    most_in_flight: AtomicUsize,
    numbers: AtomicUsize,
}

/// All that is written.
#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) requests: Vec<Request>,
    /// Tokens that must not open anything any more.
    pub(crate) dead: Vec<DeadToken>,
    /// What was acknowledged and is not so.
    pub(crate) losses: Vec<Loss>,
    /// What must not happen under any circumstances.
    pub(crate) violations: Vec<String>,
    pub(crate) writes: usize,
    pub(crate) ends: usize,
    /// How often a token that is dead was presented, and how often a live one was under a
    /// certificate that is not its own; and the store was there to answer.
    pub(crate) dead_presented: usize,
    pub(crate) thefts: usize,
    /// Sessions that their clients have lost, since nobody told them whether the token is a new
    /// one.
    pub(crate) stranded: usize,
    /// How often the store failed for which reason.
    pub(crate) causes: BTreeMap<String, usize>,
}

/// A request that has come to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) began_at: Instant,
    pub(crate) took: Duration,
    pub(crate) what: &'static str,
    pub(crate) failure: Option<StoreErrorKind>,
}

impl Request {
    pub(crate) fn ended_at(&self) -> Instant {
        self.began_at + self.took
    }
}

/// A token that was replaced, or whose session was ended.
#[derive(Clone)]
pub(crate) struct DeadToken {
    pub(crate) token: String,
    pub(crate) handle: Handle,
    /// Whether the session was ended, and not merely the token replaced.
    pub(crate) is_ended: bool,
    pub(crate) client: usize,
    pub(crate) since: Instant,
}

/// Something acknowledged that is not so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loss {
    pub(crate) what: Lost,
    pub(crate) acknowledged_at: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lost {
    /// A value that was written.
    Write,
    /// A session, or its newest token.
    Session,
    /// The end of a session: it is back.
    End,
    /// The replacement of a token: the one before it opens the session again.
    Replacement,
}

/// What a session has to hold.
pub(crate) struct Account {
    pub(crate) handle: Handle,
    /// By key: the value that was acknowledged last, and when.
    pub(crate) acknowledged: BTreeMap<&'static str, (u64, Instant)>,
    /// By key: the value that was sent last.
    pub(crate) sent: BTreeMap<&'static str, u64>,
    /// When the newest token was acknowledged.
    pub(crate) token_since: Instant,
    /// Whether a newer token may have been made that nobody was told of.
    pub(crate) may_have_new_token: bool,
    /// When the last sign-in was acknowledged, and with it the entry by which the session is found.
    pub(crate) signed_in_at: Option<Instant>,
}

impl Ledger {
    pub(crate) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap()
    }

    /// Writes a request down.
    pub(crate) async fn request<T>(
        &self,
        what: &'static str,
        request: impl Future<Output = Result<T, StoreErrorKind>>,
    ) -> Result<T, StoreErrorKind> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let began_at = Instant::now();
        let in_flight = {
            let mut in_flight = self.in_flight.lock().unwrap();
            in_flight.insert(number, began_at);
            in_flight.len()
        };
        self.most_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        let outcome = request.await;
        let took = began_at.elapsed();
        self.in_flight.lock().unwrap().remove(&number);
        self.pages().requests.push(Request {
            began_at,
            took,
            what,
            failure: outcome.as_ref().err().copied(),
        });
        outcome
    }

    /// Whether a request that was begun before that moment has no answer yet.
    pub(crate) fn is_waiting_since_before(&self, moment: Instant) -> bool {
        let in_flight = self.in_flight.lock().unwrap();
        in_flight.values().any(|began_at| *began_at <= moment)
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.most_in_flight.load(Ordering::Relaxed)
    }

    /// Notes why the store has failed.
    pub(crate) fn fail(&self, error: &StoreError) -> StoreErrorKind {
        let cause = error.source().map_or_else(String::new, ToString::to_string);
        *self.pages().causes.entry(cause).or_default() += 1;
        error.kind()
    }

    pub(crate) fn lose(&self, what: Lost, acknowledged_at: Instant) {
        self.pages().losses.push(Loss {
            what,
            acknowledged_at,
        });
    }

    pub(crate) fn violate(&self, what: impl Into<String>) {
        self.pages().violations.push(what.into());
    }

    /// One of the dead tokens.
    pub(crate) fn dead_token(&self, random: u64) -> Option<DeadToken> {
        let pages = self.pages();
        let number = random.checked_rem(pages.dead.len() as u64)?;
        pages.dead.get(usize::try_from(number).ok()?).cloned()
    }

    /// A dead token was accepted. It is counted once.
    pub(crate) fn revive(&self, token: &DeadToken) {
        let mut pages = self.pages();
        let before = pages.dead.len();
        pages.dead.retain(|dead| dead.token != token.token);
        if pages.dead.len() < before {
            let what = match token.is_ended {
                true => Lost::End,
                false => Lost::Replacement,
            };
            pages.losses.push(Loss {
                what,
                acknowledged_at: token.since,
            });
        }
    }
}

impl Account {
    /// Compares with what the session holds. What is lost is counted once.
    pub(crate) fn compare(&mut self, ledger: &Ledger, held: impl Fn(&str) -> Option<u64>) {
        for (&key, (value, at)) in &mut self.acknowledged {
            let found = held(key).unwrap_or_default();
            if found < *value {
                ledger.lose(Lost::Write, *at);
                *value = found;
            }
        }
        for (&key, &last) in &self.sent {
            let found = held(key).unwrap_or_default();
            if found > last {
                ledger.violate(format!("{key} holds {found}; {last} was the last sent"));
            }
        }
    }
}

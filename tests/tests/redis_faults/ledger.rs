//! The acknowledged results of the store, and what they turned out to be.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use certsession_core::{Handle, StoreError, StoreErrorKind};

/// The shared record of all clients.
#[derive(Default)]
pub(crate) struct Ledger {
    pages: Mutex<Pages>,
    /// When each unfinished request began.
    in_flight: Mutex<BTreeMap<usize, Instant>>,
    most_in_flight: AtomicUsize,
    numbers: AtomicUsize,
}

/// The content of the ledger.
#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) requests: Vec<Request>,
    /// Tokens that must no longer open a session.
    pub(crate) dead: Vec<DeadToken>,
    /// Acknowledged results that do not hold.
    pub(crate) losses: Vec<Loss>,
    /// Events that must never happen.
    pub(crate) violations: Vec<String>,
    pub(crate) writes: usize,
    pub(crate) ends: usize,
    /// How often a dead token was presented, and how often a live one was presented under another
    /// certificate, while the store was available.
    pub(crate) dead_presented: usize,
    pub(crate) thefts: usize,
    /// Sessions that their clients have lost, because it is unknown whether their token was
    /// replaced.
    pub(crate) stranded: usize,
    /// How often the store failed, by reason.
    pub(crate) causes: BTreeMap<String, usize>,
}

/// A finished request.
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
    /// Whether the session was ended, and not only the token replaced.
    pub(crate) is_ended: bool,
    pub(crate) client: usize,
    pub(crate) since: Instant,
}

/// An acknowledged result that does not hold.
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
    /// The replacement of a token: the old one opens the session again.
    Replacement,
}

/// The data that a session must hold.
pub(crate) struct Account {
    pub(crate) handle: Handle,
    /// By key: the value that was acknowledged last, and when.
    pub(crate) acknowledged: BTreeMap<&'static str, (u64, Instant)>,
    /// By key: the value that was sent last.
    pub(crate) sent: BTreeMap<&'static str, u64>,
    /// When the newest token was acknowledged.
    pub(crate) token_since: Instant,
    /// Whether a newer token may exist that no client received.
    pub(crate) may_have_new_token: bool,
    /// When the last sign-in was acknowledged. The session's index entry is as old as that.
    pub(crate) signed_in_at: Option<Instant>,
}

impl Ledger {
    pub(crate) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap()
    }

    /// Records a request.
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

    /// Whether a request that began before that moment is unfinished.
    pub(crate) fn is_waiting_since_before(&self, moment: Instant) -> bool {
        let in_flight = self.in_flight.lock().unwrap();
        in_flight.values().any(|began_at| *began_at <= moment)
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.most_in_flight.load(Ordering::Relaxed)
    }

    /// Records why the store failed.
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

    /// Returns one of the dead tokens.
    pub(crate) fn dead_token(&self, random: u64) -> Option<DeadToken> {
        let pages = self.pages();
        let number = random.checked_rem(pages.dead.len() as u64)?;
        pages.dead.get(usize::try_from(number).ok()?).cloned()
    }

    /// Records that a dead token was accepted. It is counted once.
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
    /// Compares with the session's data. Each loss is counted once.
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

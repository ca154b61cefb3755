//! The evaluation of the ledger.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use certsession_core::{SessionStore, StoreErrorKind};

use crate::audit::audit;
use crate::ledger::{Loss, Lost, Pages, Request};
use crate::load::{Load, runtime};

/// The timeout of the stores in these tests.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(1);

/// How much longer a busy machine may take.
pub(crate) const SLACK: Duration = Duration::from_millis(500);

/// The time in which the store may fail.
#[derive(Clone, Copy)]
pub(crate) struct Outage {
    pub(crate) from: Instant,
    /// When the server was available again.
    pub(crate) until: Instant,
    /// How long after that the store may still fail.
    pub(crate) recovery: Duration,
}

/// The allowed and the actual behaviour of the store.
pub(crate) struct Verdict {
    pages: Pages,
    name: &'static str,
    most_in_flight: usize,
    outage: Option<Outage>,
    kinds: Vec<StoreErrorKind>,
    least_in_flight: usize,
    /// Results that were acknowledged from then until the end of the outage may be lost.
    may_lose_since: Option<Instant>,
}

impl Verdict {
    /// Stops the clients, checks all sessions, and evaluates the ledger.
    pub(crate) fn on<S: SessionStore>(name: &'static str, load: Load<S>) -> Self {
        let mut remains = load.stop();
        runtime().block_on(audit(&mut remains));
        let ledger = remains.ledger;
        Self {
            name,
            most_in_flight: ledger.most_in_flight(),
            pages: std::mem::take(&mut ledger.pages()),
            outage: None,
            kinds: vec![StoreErrorKind::Unavailable],
            least_in_flight: 300,
            may_lose_since: None,
        }
    }

    /// The store may fail during that time, and at no other.
    pub(crate) fn may_fail_during(mut self, outage: Outage) -> Self {
        self.outage = Some(outage);
        self
    }

    /// The store must fail during that time, and at no other.
    pub(crate) fn with_outage(self, outage: Outage) -> Self {
        assert!(self.failures().next().is_some(), "{}: no outage", self.name);
        self.may_fail_during(outage)
    }

    /// It may also be full.
    pub(crate) fn may_be_full(mut self) -> Self {
        self.kinds.push(StoreErrorKind::Full);
        self
    }

    /// Its operations never wait.
    pub(crate) fn never_waits(mut self) -> Self {
        self.least_in_flight = 1;
        self
    }

    /// Results that were acknowledged during the outage, or at most this long before that moment,
    /// may be lost.
    pub(crate) fn may_lose(mut self, before: Duration, moment: Instant) -> Self {
        self.may_lose_since = moment.checked_sub(before);
        self
    }

    /// Requests of these kinds must succeed during the outage too.
    pub(crate) fn assert_serves(self, kinds: &[&str]) -> Self {
        let served = |kind: &&str| self.answered_meanwhile().any(|it| it.what == *kind);
        assert!(kinds.iter().all(served), "{}", self.name);
        self
    }

    /// Prints the figures, then asserts.
    pub(crate) fn assert(self) {
        self.print();
        let pages = &self.pages;
        assert_eq!(pages.violations, [""; 0], "{}", self.name);
        let is_excused = |at: Instant| {
            let until = self.outage.map(|outage| outage.until);
            self.may_lose_since.is_some_and(|since| at >= since) && until.is_some_and(|it| at < it)
        };
        let lost = count(&pages.losses, |loss| !is_excused(loss.acknowledged_at));
        assert_eq!(lost, BTreeMap::new(), "acknowledged, and lost");
        assert!(pages.dead_presented > 100 && pages.thefts > 100);
        assert!(
            self.most_in_flight >= self.least_in_flight,
            "{} in flight",
            self.most_in_flight
        );
        self.assert_failures();
    }

    fn assert_failures(&self) {
        for request in self.failures() {
            let kind = request.failure.unwrap();
            assert!(self.kinds.contains(&kind), "{request:?}");
            assert!(
                request.took <= waits(request.what) * TIMEOUT + SLACK,
                "{request:?}"
            );
            let outage = self.outage.unwrap_or_else(|| panic!("{request:?}"));
            assert!(request.ended_at() >= outage.from, "before: {request:?}");
            let late = request.began_at.saturating_duration_since(outage.until);
            assert!(
                late <= outage.recovery,
                "{late:?} after the return: {request:?}"
            );
        }
        if let Some(outage) = self.outage {
            let back = self.back_after(&outage);
            assert!(back.is_some_and(|back| back <= outage.recovery), "{back:?}");
        }
    }

    fn failures(&self) -> impl Iterator<Item = &Request> {
        let requests = self.pages.requests.iter();
        requests.filter(|request| request.failure.is_some())
    }

    /// Requests that succeeded during the outage.
    fn answered_meanwhile(&self) -> impl Iterator<Item = &Request> {
        let is_during = |request: &&Request| {
            self.outage.is_some_and(|outage| {
                request.began_at > outage.from && request.ended_at() < outage.until
            })
        };
        let requests = self.pages.requests.iter().filter(is_during);
        requests.filter(|request| request.failure.is_none())
    }

    /// How long after the server's return the first request succeeded.
    fn back_after(&self, outage: &Outage) -> Option<Duration> {
        let requests = self.pages.requests.iter();
        let after = requests.filter(|it| it.failure.is_none() && it.ended_at() >= outage.until);
        after.map(|it| it.ended_at() - outage.until).min()
    }

    #[allow(
        clippy::print_stdout,
        reason = "the figures are for readers of the suite's output"
    )]
    fn print(&self) {
        let pages = &self.pages;
        let mut failures: BTreeMap<String, usize> = BTreeMap::new();
        for request in self.failures() {
            let kind = format!("{:?}", request.failure.unwrap());
            *failures.entry(kind).or_default() += 1;
        }
        let lost = count(&pages.losses, |_| true);
        let slowest = self.failures().max_by_key(|request| request.took);
        let slowest = slowest.map_or((Duration::ZERO, ""), |it| (it.took, it.what));
        let times = self.outage.map(|outage| {
            let last = self.failures().map(|it| it.began_at).max();
            let last = last.map_or(Duration::ZERO, |at| {
                at.saturating_duration_since(outage.until)
            });
            (self.back_after(&outage).unwrap_or_default(), last)
        });
        let (back, last) = times.unwrap_or_default();
        println!("why the store failed, of {}: {:?}", self.name, pages.causes);
        println!(
            "ledger of {}: {} requests, {} in flight, {} writes and {} ends acknowledged, \
             {} dead tokens and {} thefts refused, failed {failures:?}, the slowest after \
             {:?} ({}), {} answered meanwhile, first answer {:?} and last failure {:?} after the \
             return, {} stranded, lost {lost:?}",
            self.name,
            pages.requests.len(),
            self.most_in_flight,
            pages.writes,
            pages.ends,
            pages.dead_presented,
            pages.thefts,
            slowest.0,
            slowest.1,
            self.answered_meanwhile().count(),
            back,
            last,
            pages.stranded,
        );
    }
}

/// How many store operations a request may wait for, one after another, until it fails: each has
/// the full timeout.
fn waits(what: &str) -> u32 {
    match what {
        // It ends what it can even if another part has failed.
        "revoke all" => 3,
        // On a cluster the index and the session may be on different servers.
        "begin" | "sign in" | "end" => 2,
        _ => 1,
    }
}

/// The number of losses of each kind.
fn count(losses: &[Loss], counts: impl Fn(&&Loss) -> bool) -> BTreeMap<Lost, usize> {
    let mut lost = BTreeMap::new();
    for loss in losses.iter().filter(counts) {
        *lost.entry(loss.what).or_default() += 1;
    }
    lost
}

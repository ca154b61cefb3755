//! A fault that comes while clients are at work.

use std::thread;
use std::time::{Duration, Instant};

use certsession_core::SessionManager;
use certsession_redis::RedisStore;
use certsession_tests::redis::wait_for;

use crate::load::{Load, runtime};
use crate::verdict::{Outage, TIMEOUT};

/// How soon a server that is back has to be of service again.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(1);

/// How many requests are to succeed after it all.
const AFTERWARDS: usize = 4_000;

/// Clients at work over the store at this URL.
pub(crate) fn clients_of(url: &str) -> Load<RedisStore> {
    let builder = RedisStore::builder(url).unwrap().timeout(TIMEOUT);
    let store = runtime().block_on(builder.connect()).unwrap();
    Load::start(SessionManager::new(store))
}

impl Load<RedisStore> {
    /// Lets something go wrong and come right again, and waits until the clients are well under
    /// way once more.
    pub(crate) fn through(
        &self,
        recovery: Duration,
        fault: impl FnOnce(),
        repair: impl FnOnce(),
    ) -> Outage {
        let from = Instant::now();
        fault();
        repair();
        let until = Instant::now();
        // So that there are requests that were begun when nothing was to fail any more.
        thread::sleep(recovery);
        self.wait_for_requests(AFTERWARDS);
        Outage {
            from,
            until,
            recovery,
        }
    }

    /// Does something again and again that is not to disturb anybody, each time when it is over for
    /// those who were under way the last time: a request survives that it happens once.
    pub(crate) fn despite(&self, times: u32, mut disturb: impl FnMut()) {
        for _ in 0..times {
            disturb();
            // Those who came right after it may have met with what it has left behind.
            self.wait_for_answers();
            self.wait_for_answers();
        }
        self.wait_for_requests(AFTERWARDS);
    }

    /// Waits until all that is under way now has its answer.
    fn wait_for_answers(&self) {
        let now = Instant::now();
        wait_for("answers", Duration::from_secs(30), || {
            (!self.ledger.is_waiting_since_before(now)).then_some(())
        });
    }
}

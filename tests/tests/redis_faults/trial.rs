//! A fault while clients are at work.

use std::thread;
use std::time::{Duration, Instant};

use certsession_core::SessionManager;
use certsession_redis::RedisStore;
use certsession_tests::redis::wait_for;

use crate::load::{Load, runtime};
use crate::verdict::{Outage, TIMEOUT};

/// How soon a restarted server must serve requests.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(1);

/// How many requests must succeed afterwards.
const AFTERWARDS: usize = 4_000;

/// Starts clients with the store at this URL.
pub(crate) fn clients_of(url: &str) -> Load<RedisStore> {
    let builder = RedisStore::builder(url).unwrap().timeout(TIMEOUT);
    let store = runtime().block_on(builder.connect()).unwrap();
    Load::start(SessionManager::new(store))
}

impl Load<RedisStore> {
    /// Causes a fault and ends it, and waits until the clients make progress again.
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
        // So that there are requests that began after failures had to end.
        thread::sleep(recovery);
        self.wait_for_requests(AFTERWARDS);
        Outage {
            from,
            until,
            recovery,
        }
    }

    /// Repeats a disturbance that must cause no failure. Each time it waits until the requests in
    /// flight during the previous one have finished: a request survives one disturbance.
    pub(crate) fn despite(&self, times: u32, mut disturb: impl FnMut()) {
        for _ in 0..times {
            disturb();
            // Requests that began right after it may have been affected by it.
            self.wait_for_answers();
            self.wait_for_answers();
        }
        self.wait_for_requests(AFTERWARDS);
    }

    /// Waits until all requests that are in flight now have finished.
    fn wait_for_answers(&self) {
        let now = Instant::now();
        wait_for("answers", Duration::from_secs(30), || {
            (!self.ledger.is_waiting_since_before(now)).then_some(())
        });
    }
}

//! A client that does what a user does, and notes how long it waits.

use std::time::{Duration, Instant};

use certsession_tests::Site;
use tokio::time::sleep;

/// What an honest client saw.
#[derive(Default)]
pub(crate) struct Seen {
    times: Vec<Duration>,
    refused: Vec<u16>,
}

/// Signs in, reads, and signs out again, over and over, for as long as `is_over` says no.
pub(crate) async fn honest(site: &Site, is_over: impl Fn() -> bool) -> Seen {
    let browser = site.browser("honest");
    let mut seen = Seen::default();
    // Its connection is open before.
    browser.get("/session").await;
    while !is_over() {
        for step in 0..4 {
            let began = Instant::now();
            let reply = match step {
                0 => browser.sign_in("honest", &[]).await,
                1 => browser.get("/me").await,
                2 => browser.get("/session").await,
                _ => browser.post("/sign-out").await,
            };
            seen.times.push(began.elapsed());
            if !(200..300).contains(&reply.status) {
                seen.refused.push(reply.status);
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
    seen
}

impl Seen {
    /// Prints what it saw, and asserts that it was served, and how fast in ninety-nine of a hundred.
    pub(crate) fn assert_served(mut self, what: &str, within: Duration) {
        self.times.sort_unstable();
        let at = |part: usize| self.times[(self.times.len() - 1) * part / 100];
        eprintln!(
            "{what}: the honest client made {} requests, {:?} in the middle, {:?} at p99, {:?} at \
             the most",
            self.times.len(),
            at(50),
            at(99),
            at(100),
        );
        assert!(self.refused.is_empty(), "{what}: {:?}", self.refused);
        assert!(at(99) < within, "{what}: {:?} at p99", at(99));
    }
}

//! The time from the replacement of a list to the refusal of a request, and to the close of a
//! WebSocket.
//!
//! The measurement needs a quiet machine: `just measure-revocation`. The other files of this test
//! check in every run that both happen.

use std::time::{Duration, Instant};

use certsession_tests::stores::Memory;
use certsession_tests::{Http, Live, Plan, Stack, adapters, run};

use crate::revocation::Listed;

const RUNS: usize = 100;
const AT_MOST: Duration = Duration::from_secs(1);

#[test]
#[ignore = "a measurement: `just measure-revocation`"]
fn p8_a_revocation_is_in_force_within_a_second_over_rustls() {
    run::<adapters::Actix, Memory, _>(Stack::Rustls, Http::One, measure);
}

#[test]
#[ignore = "a measurement: `just measure-revocation`"]
fn p8_a_revocation_is_in_force_within_a_second_over_openssl() {
    run::<adapters::Actix, Memory, _>(Stack::Openssl, Http::One, measure);
}

async fn measure(plan: Plan) {
    let listed = Listed::start(plan).await;
    let (mut refused, mut closed) = (Vec::new(), Vec::new());
    let mut revoked = Vec::new();
    for _ in 0..RUNS {
        let client = listed.site.certificates.client("alice");
        let alice = listed.site.browser_with(&client);
        alice.sign_in("alice", &[]).await;
        let live = Live::open(&alice);
        revoked.push(client);
        let all: Vec<_> = revoked.iter().collect();
        listed.revoke(&all);
        let began = Instant::now();
        while alice.get("/me").await.status != 403 {
            assert!(began.elapsed() < 10 * AT_MOST);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        refused.push(began.elapsed());
        let at = live.closed_within(10 * AT_MOST).unwrap();
        closed.push(at.saturating_duration_since(began));
    }
    let line = |what: &str, mut times: Vec<Duration>| {
        times.sort();
        let (median, max) = (times[RUNS / 2], times[RUNS - 1]);
        assert!(max <= AT_MOST, "{what}: {max:?}");
        format!("{what}: median {median:.0?}, maximum {max:.0?} over {RUNS} runs")
    };
    let lines = [
        line("next request refused", refused),
        line("WebSocket closed", closed),
    ];
    #[expect(
        clippy::print_stdout,
        reason = "the figures are the purpose of this test"
    )]
    {
        println!("{:?}: {}", plan.stack(), lines.join("; "));
    }
}

//! Every planted fault is found, and nothing else; what is clean or odd has no finding; of a
//! target in trouble nothing is said.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use certs_dev::{Overwrite, Pki};
use certsession_lab::{Case, Stack, Transport, cases, scan, scan_all, troubled};

fn certificates() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    Pki::mint(folder.path(), Overwrite::Refuse).unwrap();
    folder
}

async fn as_planted(stack: Stack) {
    these_as_planted(&cases(stack)).await;
}

async fn these_as_planted(cases: &[Case]) {
    let folder = certificates();
    let outcomes = scan_all(cases, folder.path()).await;
    let outcomes = outcomes.unwrap_or_else(|error| panic!("{error}"));
    let faults: Vec<String> = outcomes
        .iter()
        .filter_map(|outcome| outcome.fault())
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

// Flask has most cases: in quarters, which run beside each other.
async fn a_quarter_of_flask(part: usize) {
    let cases = cases(Stack::Flask);
    let quarter: Vec<Case> = cases.into_iter().skip(part).step_by(4).collect();
    assert!(quarter.len() > 10);
    these_as_planted(&quarter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flask_is_found_as_it_was_planted_1() {
    a_quarter_of_flask(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flask_is_found_as_it_was_planted_2() {
    a_quarter_of_flask(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flask_is_found_as_it_was_planted_3() {
    a_quarter_of_flask(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flask_is_found_as_it_was_planted_4() {
    a_quarter_of_flask(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn express_session_is_found_as_it_was_planted() {
    as_planted(Stack::Express).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actix_session_is_found_as_it_was_planted() {
    as_planted(Stack::Actix).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PHP: lab/install php; `just scan-lab` runs it"]
async fn php_is_found_as_it_was_planted() {
    as_planted(Stack::Php).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Tomcat 10: lab/install tomcat; `just scan-lab` runs it"]
async fn tomcat_is_found_as_it_was_planted() {
    as_planted(Stack::Tomcat).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_said_of_a_target_in_trouble() {
    let folder = certificates();
    for outcome in scan_all(&troubled(), folder.path()).await.unwrap() {
        let name = outcome.case.name();
        assert_eq!(outcome.report.exit_code(), 3, "{name}");
        assert!(
            outcome.report.findings.is_empty(),
            "{name}: {:?}",
            outcome.found()
        );
        assert!(
            outcome.time.as_secs() < 60,
            "{name} took {:?}",
            outcome.time
        );
        for judged in &outcome.report.inconclusive {
            assert!(!judged.reason.is_empty(), "{name}: {}", judged.id);
        }
        // What began after the trouble did is never passed: CSRF-01 comes after half of them.
        let passed = &outcome.report.passed;
        assert!(passed.iter().all(|it| it.id != "CSRF-01"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_time_out_is_not_judged_where_a_user_has_one_session() {
    let folder = certificates();
    let case = Case::clean(Stack::Flask)
        .odd("single")
        .with("EXP")
        .more("[policy]\nidle = \"2s\"\n");
    let report = scan(&case, folder.path()).await.unwrap().report;
    let judged = report.not_applicable.iter().find(|it| it.id == "EXP-01");
    assert!(judged.unwrap().reason.contains("one session"), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lets_no_one_in_does_not_pass_for_one_that_follows_its_revocation_list() {
    let folder = certificates();
    let case = Case::clean(Stack::Flask)
        .over(Transport::MutualTls)
        .odd("locked");
    let report = scan(&case, folder.path()).await.unwrap().report;
    let judged = report.inconclusive.iter().find(|it| it.id == "CERT-06");
    assert!(judged.is_some(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_say_the_same() {
    let folder = certificates();
    let case = Case::clean(Stack::Flask)
        .bug("FIX-02", &["FIX-01", "FIX-02"])
        .bug("END-02", &[]);
    let render = |outcome: certsession_lab::Outcome| {
        let port = outcome.report.about.target.clone();
        let text = outcome.report.render(certsession_scan::Format::Json);
        text.replace(port.trim_end_matches('/'), "TARGET")
    };
    let first = scan(&case, folder.path()).await.unwrap();
    let second = scan(&case, folder.path()).await.unwrap();
    assert_eq!(render(first), render(second));
}

//! Scans cases and compares what was found with what was planted.

use std::path::Path;
use std::time::{Duration, Instant};

use certsession_scan::{Config, Options, Report, Silent};
use futures_util::StreamExt;
use tokio::sync::watch;

use crate::case::{Case, Transport};
use crate::server::Server;
use crate::stack::StartError;

/// What a scan of a case found.
#[derive(Debug)]
pub struct Outcome {
    /// What was scanned.
    pub case: Case,
    /// What came of it.
    pub report: Report,
    /// How long it took.
    pub time: Duration,
}

impl Outcome {
    /// The checks that found something, sorted.
    pub fn found(&self) -> Vec<&'static str> {
        let mut found: Vec<&str> = self
            .report
            .findings
            .iter()
            .map(|finding| finding.id)
            .collect();
        found.sort_unstable();
        found
    }

    /// What should have been found and was not.
    pub fn missed(&self) -> Vec<&'static str> {
        let found = self.found();
        let mut missed = self.case.finds.clone();
        missed.retain(|id| !found.contains(id));
        missed
    }

    /// What was found and is not there.
    pub fn false_alarms(&self) -> Vec<&'static str> {
        let mut found = self.found();
        found.retain(|id| !self.case.finds.contains(id));
        found
    }

    /// What is wrong with it, for people; none where all is as it should be.
    pub fn fault(&self) -> Option<String> {
        let unsure: Vec<String> = self
            .report
            .inconclusive
            .iter()
            // A sign-out that fails leaves what needs one undecided.
            .filter(|_| !self.case.bugs.contains(&"END-03"))
            .map(|judged| format!("{} is inconclusive: {}", judged.id, judged.reason))
            .collect();
        let (missed, alarms) = (self.missed(), self.false_alarms());
        (!missed.is_empty() || !alarms.is_empty() || !unsure.is_empty()).then(|| {
            let why: Vec<&str> = self
                .report
                .findings
                .iter()
                .filter(|finding| alarms.contains(&finding.id))
                .map(|finding| finding.what.as_str())
                .collect();
            format!(
                "{}: missed {missed:?}, false alarms {alarms:?} {why:?}, {unsure:?}",
                self.case.name()
            )
        })
    }
}

/// Starts the server of a case and scans it. `certificates` is a folder that certs-dev minted.
///
/// # Errors
/// Where the server does not start.
pub async fn scan(case: &Case, certificates: &Path) -> Result<Outcome, StartError> {
    let server = Server::start(case, certificates)?;
    let report = scan_server(case, &server, certificates).await;
    Ok(report)
}

async fn scan_server(case: &Case, server: &Server, certificates: &Path) -> Outcome {
    let began = Instant::now();
    let text = case.configuration(server.port(), certificates);
    let options = Options {
        ca: (case.transport != Transport::Http).then(|| certificates.join("ca.pem")),
        skip: case.skipped(),
        timeouts: case.slow.contains(&"EXP"),
        ..Options::default()
    };
    let (_sender, interrupted) = watch::channel(false);
    let config = match Config::parse(&text, "scan.toml") {
        Ok(config) => config,
        // The text is this package's own.
        Err(error) => panic!("{error}\n{text}"),
    };
    let report = match certsession_scan::run(config, &options, &Silent, interrupted).await {
        Ok(report) => report,
        Err(error) => panic!("{error}"),
    };
    Outcome {
        case: case.clone(),
        report,
        time: began.elapsed(),
    }
}

/// Scans many cases, a few at a time.
///
/// # Errors
/// Where a server does not start.
pub async fn scan_all(cases: &[Case], certificates: &Path) -> Result<Vec<Outcome>, StartError> {
    let mut scans = futures_util::stream::iter(cases)
        .map(|case| scan(case, certificates))
        .buffered(4);
    let mut outcomes = Vec::new();
    while let Some(outcome) = scans.next().await {
        outcomes.push(outcome?);
    }
    Ok(outcomes)
}

//! What the scanner finds in each candidate, over real HTTPS.

use std::error::Error;
use std::fmt::Write;

use certs_dev::Pki;
use certsession_scan::{Config, Options, Report, Silent, entries};
use certsession_tests::redis::RedisServer;
use tokio::sync::watch;

use crate::candidate::Timeouts;
use crate::candidates::Kind;
use crate::front::Front;

/// The reports of all candidates.
pub(crate) struct Scanned(Vec<(Kind, Report)>);

/// Scans each candidate.
pub(crate) async fn scan_all(redis: &RedisServer) -> Result<Scanned, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let pki = Pki::ensure(folder.path())?;
    let mut reports = Vec::new();
    for kind in Kind::ALL {
        redis.cli(&["FLUSHALL"]);
        let candidate = kind.start(redis, Timeouts::LONG).await?;
        let front = Front::open(candidate, &pki).await?;
        let config = Config::parse(&configuration(front.port, &pki), "scan.toml")?;
        let options = Options {
            ca: Some(pki.certificate_path("ca")),
            skip: vec!["CSRF-01".to_owned()],
            ..Options::default()
        };
        let (_sender, interrupted) = watch::channel(false);
        let report = certsession_scan::run(config, &options, &Silent, interrupted).await?;
        reports.push((kind, report));
    }
    Ok(Scanned(reports))
}

fn configuration(port: u16, pki: &Pki) -> String {
    let identity = |name: &str| {
        let (certificate, key) = (pki.certificate_path(name), pki.key_path(name));
        format!(
            "[identity.{name}]\ncert = \"{}\"\nkey = \"{}\"\n\
             [identity.{name}.form]\nusername = \"{name}\"\n",
            certificate.display(),
            key.display()
        )
    };
    format!(
        "target = \"https://localhost:{port}\"\n{}{}{STEPS}",
        identity("alice"),
        identity("bob")
    )
}

/// The routes of every candidate.
const STEPS: &str = r#"
[step.login]
request = "POST /sign-in"
form = { username = "alice" }
[step.whoami]
request = "GET /whoami"
signed_in = { status = 200, body = "alice" }
[step.logout]
request = "POST /sign-out"
[step.write]
request = "POST /put"
form = { key = "colour", value = "crimson" }
[step.read]
request = "GET /get?key=colour"
[step.slow]
request = "GET /slow-put?key=shape&value=octagon"
[step.elevate]
request = "POST /rotate"
"#;

impl Scanned {
    /// The error of the whole run: the scanner finds something in this project.
    pub(crate) fn judge(&self) -> Result<(), String> {
        let ours = self.0.iter().filter(|(kind, _)| kind.is_ours());
        let faults: Vec<_> = ours
            .flat_map(|(kind, report)| {
                let findings = report.findings.iter();
                findings
                    .map(|finding| format!("{}: {}: {}", kind.title(), finding.id, finding.what))
            })
            .collect();
        match faults.is_empty() {
            true => Ok(()),
            false => Err(faults.join("; ")),
        }
    }

    pub(crate) fn to_markdown(&self) -> String {
        let mut text = INTRODUCTION.to_owned();
        let titles: Vec<_> = self.0.iter().map(|(kind, _)| kind.title()).collect();
        let _ = writeln!(text, "| check | {} |", titles.join(" | "));
        let _ = writeln!(text, "|---|{}", ":---:|".repeat(titles.len()));
        for check in entries() {
            let words = self.0.iter().map(|(_, report)| word(report, check.id));
            let words: Vec<_> = words.collect();
            if words.iter().all(|word| *word == NOT_APPLICABLE) {
                continue;
            }
            let _ = writeln!(
                text,
                "| {}: {} | {} |",
                check.id,
                check.title,
                words.join(" | ")
            );
        }
        text
    }
}

const NOT_APPLICABLE: &str = "–";

fn word(report: &Report, id: &str) -> &'static str {
    let has = |judged: &[certsession_scan::Judged]| judged.iter().any(|judged| judged.id == id);
    if report.findings.iter().any(|finding| finding.id == id) {
        "**finding**"
    } else if has(&report.passed) {
        "passed"
    } else if has(&report.inconclusive) {
        "inconclusive"
    } else {
        NOT_APPLICABLE
    }
}

const INTRODUCTION: &str = "`just comparison` wrote this section: `certsession-scan` on the same \
applications, over HTTPS with client certificates. The checks know nothing of the frameworks. A \
dash: the check does not apply. CSRF-01 is left out: the applications get no `Origin` here.

";

//! A scan from its beginning to its report.

use std::path::PathBuf;
use std::time::Instant;

use tokio::sync::watch;

use crate::canary::Control;
use crate::catalog::{Entry, Framework, entry};
use crate::check::{self, Check, Verdict};
use crate::config::Config;
use crate::http::ServerTrust;
use crate::oracle::{Calibration, calibrate};
use crate::report::{About, Finding, Judged, Report};
use crate::scan::{CheckOptions, Scan};
use crate::target::Target;

/// What is scanned for, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The authorities of the target's certificate, or the certificate itself, as PEM. Without
    /// it, those that the system trusts.
    pub ca: Option<PathBuf>,
    /// Hosts other than this machine that may be asked.
    pub allowed_hosts: Vec<String>,
    /// Only these checks, or families of them; all where it is empty.
    pub only: Vec<String>,
    /// All but these.
    pub skip: Vec<String>,
    /// Whether to wait for time-outs (EXP-01, EXP-02).
    pub timeouts: bool,
    /// Whether to race, where the configuration has `[step.slow]`.
    pub races: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ca: None,
            allowed_hosts: Vec::new(),
            only: Vec::new(),
            skip: Vec::new(),
            timeouts: false,
            races: true,
        }
    }
}

/// Hears how a scan goes on.
pub trait Progress: Send + Sync {
    /// The oracle is being calibrated.
    fn calibrating(&self) {}
    /// A check begins: its id, its number from zero, and how many there are.
    fn begins(&self, id: &str, number: usize, of: usize);
    /// A check has ended with a verdict, after so many requests of the scan.
    fn ended(&self, id: &str, verdict: &str, requests: u32);
}

/// Tells no one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begins(&self, _: &str, _: usize, _: usize) {}
    fn ended(&self, _: &str, _: &str, _: u32) {}
}

/// What keeps a scan from beginning.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(String);

/// Scans, until the end or until `interrupted` becomes true; the report then has what was found
/// by then.
///
/// # Errors
/// Where the options do not allow the target, name a check that there is not, or a file that
/// cannot be used.
pub async fn run(
    config: Config,
    options: &Options,
    progress: &dyn Progress,
    interrupted: watch::Receiver<bool>,
) -> Result<Report, UsageError> {
    let checks = chosen(options)?;
    let target = open(config, options, interrupted)?;
    let began = Instant::now();
    progress.calibrating();
    let mut report = Report {
        findings: Vec::new(),
        passed: Vec::new(),
        inconclusive: Vec::new(),
        not_applicable: Vec::new(),
        about: About {
            target: target.config.target.to_string(),
            file: target.config.file.clone(),
            ..About::default()
        },
    };
    match calibrate(&target).await {
        Ok(calibration) => {
            scan(
                &target,
                calibration,
                options,
                &checks,
                progress,
                &mut report,
            )
            .await
        }
        Err(why) => {
            let why = target.transcript().redacted(&why);
            for entry in checks.iter().filter_map(|check| entry(check.id)) {
                report.inconclusive.push(judged(entry, why.clone()));
            }
        }
    }
    report
        .findings
        .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    report.about.requests = target.requests();
    report.about.seconds = began.elapsed().as_secs_f64();
    Ok(report)
}

/// What `check` says of a configuration.
#[derive(Debug)]
pub struct Readiness {
    /// Whether whoami tells the identities apart.
    pub calibrated: Result<(), String>,
    /// Lines for people: what was found out, and what is missing.
    pub notes: Vec<String>,
}

/// Calibrates the oracle and says which checks the configuration leaves out.
///
/// # Errors
/// See [`run`].
pub async fn check(
    config: Config,
    options: &Options,
    interrupted: watch::Receiver<bool>,
) -> Result<Readiness, UsageError> {
    let target = open(config, options, interrupted)?;
    let mut notes = Vec::new();
    for (step, ids) in [
        ("logout", "END-01 to END-04, RACE-01"),
        ("write", "FIX-04, RACE-03"),
        ("read", "FIX-04, RACE-03"),
        ("slow", "RACE-01 to RACE-03"),
        ("elevate", "ROT-01"),
        ("password", "ROT-02"),
    ] {
        if target.victim().step(step).is_none() {
            notes.push(format!("without [step.{step}]: no {ids}"));
        }
    }
    if target.other().is_none() {
        notes.push("with one identity: no FIX-05, no CERT-01".to_owned());
    }
    if target.certificate(0).leaf().is_some() && target.config.pki.is_none() {
        notes.push("without [pki]: no CERT-04 to CERT-07".to_owned());
    }
    if target.config.policy.idle.is_none() && target.config.policy.absolute.is_none() {
        notes.push("without [policy]: no EXP-01 to EXP-03".to_owned());
    }
    let calibrated = match calibrate(&target).await {
        Ok(calibration) => {
            notes.extend(calibration.other_failed.clone());
            let scan = Scan::new(&target, calibration, check_options(options)).await;
            notes.push(
                match (&scan.carrier.unknown, scan.carrier.cookies.as_slice()) {
                    (Some(why), _) => why.clone(),
                    (None, []) => "no cookie carries the session".to_owned(),
                    (None, cookies) => format!("the session is carried by: {}", cookies.join(", ")),
                },
            );
            Ok(())
        }
        Err(why) => Err(target.transcript().redacted(&why)),
    };
    notes.push(format!("{} requests", target.requests()));
    Ok(Readiness { calibrated, notes })
}

fn open(
    config: Config,
    options: &Options,
    interrupted: watch::Receiver<bool>,
) -> Result<Target, UsageError> {
    let host = config.host().to_owned();
    if !config.is_loopback() && !options.allowed_hosts.contains(&host) {
        return Err(UsageError(format!(
            "{host} is not this machine. Scan only what is yours or what you were asked to scan, \
             and name it: --allow-host {host}"
        )));
    }
    let trust = match &options.ca {
        Some(file) => ServerTrust::of_file(file),
        None => ServerTrust::of_system(),
    }
    .map_err(UsageError)?;
    Target::new(config, trust, options.allowed_hosts.clone(), interrupted).map_err(UsageError)
}

fn check_options(options: &Options) -> CheckOptions {
    CheckOptions {
        timeouts: options.timeouts,
        races: options.races,
    }
}

async fn scan(
    target: &Target,
    calibration: Calibration,
    options: &Options,
    checks: &[Check],
    progress: &dyn Progress,
    report: &mut Report,
) {
    let server = calibration
        .sample
        .whoami
        .header("server")
        .unwrap_or_default();
    let scan = Scan::new(target, calibration, check_options(options)).await;
    let framework = Framework::recognise(&scan.carrier.cookies, &server);
    let mut control = Control::new(&scan).await;
    for (number, check) in checks.iter().enumerate() {
        let Some(entry) = entry(check.id) else {
            continue;
        };
        progress.begins(check.id, number, checks.len());
        target.begin_check();
        let before = target.requests();
        let outcome = tokio::select! {
            outcome = (check.run)(&scan) => outcome,
            // Also while a check waits for something to expire.
            () = target.interrupted() => Err(target.interruption()),
        };
        let verdict = match outcome {
            // What was taken for a refusal may have been the limit.
            Ok(Verdict::Passed(_) | Verdict::NotApplicable(_)) if target.is_limited() => {
                Verdict::Inconclusive(
                    "the target limits the rate: a request of this check was answered 429"
                        .to_owned(),
                )
            }
            Ok(verdict) => verdict,
            Err(trouble) => Verdict::Inconclusive(trouble.to_string()),
        };
        let evidence = match verdict {
            Verdict::Finding(_) => target.transcript().take(),
            _ => Vec::new(),
        };
        // Most checks that do not apply have asked nothing.
        let doubt = match target.requests() > before {
            true => control.doubt(&scan, check.id).await,
            false => None,
        };
        let verdict = match (verdict, doubt) {
            (Verdict::Passed(_), Some(why)) => Verdict::Inconclusive(why),
            (verdict, _) => verdict,
        };
        let hidden = |text: String| target.transcript().redacted(&text);
        let word = match verdict {
            Verdict::Finding(what) => {
                report
                    .findings
                    .push(found(target, entry, framework, hidden(what), evidence));
                "finding"
            }
            Verdict::Passed(reason) => {
                report.passed.push(judged(entry, hidden(reason)));
                "passed"
            }
            Verdict::Inconclusive(reason) => {
                report.inconclusive.push(judged(entry, hidden(reason)));
                "inconclusive"
            }
            Verdict::NotApplicable(reason) => {
                report.not_applicable.push(judged(entry, hidden(reason)));
                "not applicable"
            }
        };
        progress.ended(check.id, word, target.requests());
    }
}

fn found(
    target: &Target,
    entry: &'static Entry,
    framework: Option<Framework>,
    what: String,
    evidence: Vec<crate::transcript::Exchange>,
) -> Finding {
    let remedy = match framework.and_then(|framework| framework.remedy(entry.id)) {
        Some(own) => format!("{} {own}", entry.remedy),
        None => entry.remedy.to_owned(),
    };
    let lines = &target.config.lines;
    Finding {
        id: entry.id,
        title: entry.title,
        severity: entry.severity,
        what,
        wstg: entry.wstg,
        asvs: entry.asvs,
        cwe: entry.cwe,
        remedy,
        step: entry.step,
        line: lines
            .get(entry.step)
            .or(lines.get("login"))
            .copied()
            .unwrap_or(1),
        known: false,
        evidence,
    }
}

fn judged(entry: &'static Entry, reason: String) -> Judged {
    Judged {
        id: entry.id,
        title: entry.title,
        reason,
    }
}

/// The checks that the options choose, by id or by family.
fn chosen(options: &Options) -> Result<Vec<Check>, UsageError> {
    let all = check::all();
    let matches = |check: &Check, name: &String| {
        check.id.eq_ignore_ascii_case(name)
            || check
                .id
                .split('-')
                .next()
                .is_some_and(|family| family.eq_ignore_ascii_case(name))
    };
    for name in options.only.iter().chain(&options.skip) {
        if !all.iter().any(|check| matches(check, name)) {
            return Err(UsageError(format!(
                "there is no check {name}; write an id such as FIX-01, or a family such as FIX"
            )));
        }
    }
    Ok(all
        .into_iter()
        .filter(|check| {
            options.only.is_empty() || options.only.iter().any(|name| matches(check, name))
        })
        .filter(|check| !options.skip.iter().any(|name| matches(check, name)))
        .collect())
}

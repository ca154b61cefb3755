//! Follows the files of a configuration while the server runs.
//!
//! By looking at each file's times and size four times a second, in a thread of its own: the
//! same on every platform and file system, without a dependency, and a 5 MB list is read and
//! verified where no request waits for it. The thread ends with the server.

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, SystemTime};

use certsession_core::{CaCertificate, CrlProblem, CrlReport, CrlStatus, Timestamp};

use crate::error::MutualTlsError;
use crate::in_force::CertificatesInForce;
use crate::settings::SharedClock;
use crate::sources::{self, Parts, Sources};

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_millis(250);

/// After how many looks a file that was refused is tried again although it has not changed: what
/// was wrong may have been elsewhere.
const RETRY_AFTER: u32 = 20;

/// A TLS configuration whose parts can be replaced. Open connections stay open: the new parts are
/// for handshakes that begin afterwards.
pub(crate) trait ReloadableConfig: Send + Sync {
    /// Takes new parts, all in one step, or none.
    fn replace(&self, parts: Parts) -> Result<(), MutualTlsError>;
}

/// Reloads the files of a configuration at once, and not only at the next look of the thread that
/// follows them: for an operator's signal, or a test.
#[derive(Clone, Debug)]
pub struct Reloader {
    watch: Arc<Mutex<Watch>>,
    config: Weak<dyn ReloadableConfig>,
}

impl Reloader {
    /// Reads the files that have changed since they were last read. What is refused leaves what
    /// was in force, and the log says why.
    pub fn reload_changed(&self) {
        if let Some(config) = self.config.upgrade() {
            let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
            watch.look(&*config);
        }
    }

    /// Follows the files for as long as the configuration is in use.
    pub(crate) fn follow(&self) -> Result<(), MutualTlsError> {
        let has_files = {
            let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
            !watch.parts.files.is_empty() || !watch.lists.is_empty()
        };
        if !has_files {
            return Ok(());
        }
        let this = self.clone();
        let thread = thread::Builder::new().name("certsession-watch".to_owned());
        let follow = move || {
            // A panic must not stop the reloading, whatever panicked: the clock, a parser, or what
            // writes the log.
            while this.config.strong_count() > 0 {
                thread::sleep(INTERVAL);
                survive(|| {
                    if survive(|| this.reload_changed()).is_none() {
                        tracing::error!(
                            target: "certsession::tls",
                            "a look at the files panicked; the next is in {INTERVAL:?}",
                        );
                    }
                });
            }
        };
        match thread.spawn(follow) {
            Ok(_detached) => Ok(()),
            Err(source) => Err(MutualTlsError::NoWatch { source }),
        }
    }
}

/// Runs a step; `None` if it panicked.
fn survive<T>(step: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(step)).ok()
}

/// What the log says of files whose reading panicked. They are read again after a while, as other
/// files are that were refused.
const PANICKED: &str = "reading it panicked: this is a defect, please report it";

/// The files of a configuration, as they were before they were first read: what changes while
/// they are read counts as a change.
#[derive(Debug)]
pub(crate) struct Watch {
    sources: Sources,
    clock: SharedClock,
    parts: WatchedFiles,
    certificates: CertificatesInForce,
    signers: WatchedFiles,
    lists: Vec<(PathBuf, WatchedFiles)>,
    /// The CAs whose lists count: those in force, and not those that a file holds now, which may be
    /// refused.
    list_cas: ListCas,
    /// The lists that are overdue, and were reported.
    overdue: Vec<CrlStatus>,
}

/// The CAs whose revocation lists count.
#[derive(Debug, Default)]
struct ListCas {
    /// Those that client certificates are verified against.
    clients: Vec<CaCertificate>,
    /// Those whose lists alone count.
    signers: Vec<CaCertificate>,
}

impl ListCas {
    fn all(&self) -> Vec<CaCertificate> {
        [&*self.clients, &*self.signers].concat()
    }
}

impl Watch {
    /// Remembers the state of the files before they are loaded.
    pub(crate) fn begin(sources: Sources, clock: SharedClock) -> Self {
        let lists = sources.crl_files.iter();
        let lists = lists.map(|path| (path.clone(), WatchedFiles::new(vec![path.clone()])));
        Self {
            parts: WatchedFiles::new(sources.part_files()),
            certificates: CertificatesInForce::default(),
            signers: WatchedFiles::new(sources.signer_files()),
            lists: lists.collect(),
            list_cas: ListCas::default(),
            overdue: Vec::new(),
            sources,
            clock,
        }
    }

    /// Loads everything for the first time.
    pub(crate) fn load(&mut self) -> Result<Parts, MutualTlsError> {
        let now = self.clock.now();
        let parts = self.sources.load_parts(now)?;
        self.list_cas = ListCas {
            clients: parts.list_cas.clone(),
            signers: self.sources.load_signers()?,
        };
        self.sources.load_first_crls(&self.list_cas.all(), now)?;
        self.warn_overdue(now);
        self.certificates.replace(CertificatesInForce::of(&parts));
        Ok(parts)
    }

    /// What is in force, now and later.
    pub(crate) fn certificates(&self) -> CertificatesInForce {
        self.certificates.clone()
    }

    pub(crate) fn into_reloader(self, config: Weak<dyn ReloadableConfig>) -> Reloader {
        Reloader {
            watch: Arc::new(Mutex::new(self)),
            config,
        }
    }

    fn look(&mut self, config: &dyn ReloadableConfig) {
        let now = self.clock.now();
        let is_client_ca_changed = self.look_at_parts(config, now);
        let is_signer_changed = self.look_at_signers();
        // A list may have been skipped because its CA was not configured yet.
        let is_ca_changed = is_client_ca_changed || is_signer_changed;
        let (sources, cas) = (&self.sources, &self.list_cas);
        for (path, watched) in &mut self.lists {
            let load = || sources.load_crl(path, &cas.all(), now);
            watched.look_at_lists(path, is_ca_changed, load);
        }
        self.warn_overdue(now);
    }

    /// Returns whether other client CAs are in force.
    fn look_at_parts(&mut self, config: &dyn ReloadableConfig, now: Timestamp) -> bool {
        let (sources, certificates) = (&self.sources, &self.certificates);
        let cas = &mut self.list_cas.clients;
        let mut is_changed = false;
        self.parts
            .look("the server's certificate, key and client CAs", || {
                let parts = sources.load_parts(now)?;
                let (in_force, new) = (CertificatesInForce::of(&parts), parts.list_cas.clone());
                config.replace(parts)?;
                certificates.replace(in_force);
                is_changed = *cas != new;
                *cas = new;
                Ok(())
            });
        is_changed
    }

    /// Returns whether there are other signers.
    fn look_at_signers(&mut self) -> bool {
        let (sources, cas) = (&self.sources, &mut self.list_cas.signers);
        let mut is_changed = false;
        self.signers.look("the signers of revocation lists", || {
            let new = sources.load_signers()?;
            is_changed = *cas != new;
            *cas = new;
            Ok(())
        });
        is_changed
    }

    /// Says of each list, once, that it is overdue.
    fn warn_overdue(&mut self, now: Timestamp) {
        let overdue = self.sources.overdue_crls(now);
        for list in overdue.iter().filter(|list| !self.overdue.contains(list)) {
            tracing::warn!(
                target: "certsession::tls",
                issuer = list.issuer(),
                next_update = %list.next_update(),
                "the revocation list is overdue (its nextUpdate has passed): fetch a new one",
            );
        }
        self.overdue = overdue;
    }
}

/// Files that are read together.
#[derive(Debug)]
struct WatchedFiles {
    files: Vec<PathBuf>,
    seen: Vec<Option<Stamp>>,
    refused: Option<Refused>,
}

#[derive(Debug)]
struct Refused {
    why: String,
    looks: u32,
}

/// By what a change of a file is noticed.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
    /// A file that was moved into the place of another may be as old and as long.
    #[cfg(unix)]
    identity: (u64, i64, i64),
}

impl WatchedFiles {
    fn new(files: Vec<PathBuf>) -> Self {
        let seen = stamps(&files);
        Self {
            files,
            seen,
            refused: None,
        }
    }

    /// Reads the files again if they have changed. If they are refused, what was in force stays,
    /// and the log says so, once.
    fn look(&mut self, what: &str, read: impl FnOnce() -> Result<(), MutualTlsError>) {
        let Some(is_changed) = self.is_due() else {
            return;
        };
        match survive(read) {
            Some(Ok(())) => {
                tracing::info!(target: "certsession::tls", "reloaded {what}");
                self.refused = None;
            }
            Some(Err(error)) => self.refuse(what, is_changed, error.to_string()),
            None => self.refuse(what, is_changed, PANICKED.to_owned()),
        }
    }

    /// As [`look`](Self::look), for a file of revocation lists, of which some may be skipped. It is
    /// also read again if the CAs have changed whose lists count.
    fn look_at_lists(
        &mut self,
        path: &Path,
        is_ca_changed: bool,
        read: impl FnOnce() -> Result<CrlReport, MutualTlsError>,
    ) {
        let is_changed = match (self.is_due(), is_ca_changed) {
            (None, false) => return,
            (is_changed, is_ca_changed) => is_ca_changed || is_changed == Some(true),
        };
        let error = match survive(read) {
            Some(Ok(report)) => return self.note(path, is_changed, &report),
            Some(Err(error)) => error.to_string(),
            None => PANICKED.to_owned(),
        };
        self.refuse("the revocation lists", is_changed, error);
    }

    /// Notes what became of a file of revocation lists that could be read.
    fn note(&mut self, path: &Path, is_changed: bool, report: &CrlReport) {
        let problems = report.problems().iter();
        let why: String = problems.map(|problem| format!("{problem}\n")).collect();
        if is_changed || self.refused.as_ref().is_none_or(|last| last.why != why) {
            sources::log_problems(path, report);
            tracing::info!(
                target: "certsession::tls",
                file = %path.display(),
                in_force = report.in_force(),
                "reloaded the revocation lists",
            );
        }
        // What is only skipped gets no better by another try.
        let has_loss = report.problems().iter().any(CrlProblem::is_loss);
        self.refused = has_loss.then_some(Refused { why, looks: 0 });
    }

    /// Whether the files are to be read: because they have changed (true), or because they were
    /// refused a while ago.
    fn is_due(&mut self) -> Option<bool> {
        let now = stamps(&self.files);
        let is_changed = now != self.seen;
        self.seen = now;
        let is_due = match &mut self.refused {
            Some(refused) => {
                refused.looks += 1;
                refused.looks % RETRY_AFTER == 0
            }
            None => false,
        };
        (is_changed || is_due).then_some(is_changed)
    }

    fn refuse(&mut self, what: &str, is_changed: bool, why: String) {
        if is_changed || self.refused.as_ref().is_none_or(|last| last.why != why) {
            tracing::error!(
                target: "certsession::tls",
                error = why,
                "{what} cannot be reloaded; what was in force stays",
            );
        }
        self.refused = Some(Refused { why, looks: 0 });
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| stamp(file)).collect()
}

fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(file).ok()?;
    Some(Stamp {
        modified: metadata.modified().ok(),
        size: metadata.len(),
        #[cfg(unix)]
        identity: {
            use std::os::unix::fs::MetadataExt;
            (metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No file makes a parser panic that is known, so the reading is what panics here.
    #[test]
    fn a_file_whose_reading_panics_is_read_again_and_keeps_no_other_from_being_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("crl.pem");
        let mut files = WatchedFiles::new(vec![file.clone()]);
        fs::write(&file, "a list").unwrap();
        let fails = || -> Result<CrlReport, MutualTlsError> { panic!("a defect") };
        files.look_at_lists(&file, false, fails);
        let refused = files.refused.as_ref().map(|refused| refused.why.as_str());
        assert_eq!(refused, Some(PANICKED));

        let mut reads = 0;
        for _ in 0..=RETRY_AFTER {
            files.look("the file", || {
                reads += 1;
                Ok(())
            });
        }
        assert_eq!(
            reads, 1,
            "it is read once more, although it has not changed"
        );
        assert!(files.refused.is_none());
    }
}

//! Follows the files of a configuration while the server runs.
//!
//! By looking at each file's times and size four times a second, in a thread of its own: the
//! same on every platform and file system, without a dependency, and a 5 MB list is read and
//! verified where no request waits for it. The thread ends with the server.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::thread;
use std::time::{Duration, SystemTime};

use certsession_core::{Clock, SystemClock, Timestamp};

use super::builder::MutualTlsBuilder;
use super::reloadable::ReloadableConfig;
use super::{MutualTlsError, crl_file};

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_millis(250);

/// After how many looks a file that was refused is tried again although it has not changed: what
/// was wrong may have been elsewhere.
const RETRY_AFTER: u32 = 20;

/// The files of a configuration, as they were before they were first read: what changes while
/// they are read counts as a change.
pub(super) struct Watch {
    parts: Watched,
    lists: Vec<(PathBuf, Watched, Option<Timestamp>)>,
}

impl Watch {
    /// Takes note of the files. With `follows_parts` they are the server's identity and the
    /// client CAs too, otherwise the revocation lists alone.
    pub(super) fn begin(builder: &MutualTlsBuilder, follows_parts: bool) -> Self {
        let parts = match follows_parts {
            true => builder.part_files(),
            false => Vec::new(),
        };
        let lists = builder.crl_files().iter().map(|path| {
            // A list may be refused because its CA is not configured yet.
            let files = std::iter::once(path.clone()).chain(builder.ca_files());
            (path.clone(), Watched::new(files.collect()), None)
        });
        Self {
            parts: Watched::new(parts),
            lists: lists.collect(),
        }
    }

    /// Follows the files for as long as the configuration is in use.
    pub(super) fn follow(
        mut self,
        builder: MutualTlsBuilder,
        reloadable: Weak<dyn ReloadableConfig>,
    ) -> Result<(), MutualTlsError> {
        if self.parts.files.is_empty() && self.lists.is_empty() {
            return Ok(());
        }
        let thread = thread::Builder::new().name("certsession-watch".to_owned());
        let follow = move || {
            loop {
                thread::sleep(INTERVAL);
                let Some(reloadable) = reloadable.upgrade() else {
                    return;
                };
                self.look(&builder, &*reloadable);
            }
        };
        match thread.spawn(follow) {
            Ok(_detached) => Ok(()),
            Err(source) => Err(MutualTlsError::NoWatch { source }),
        }
    }

    fn look(&mut self, builder: &MutualTlsBuilder, reloadable: &dyn ReloadableConfig) {
        self.parts
            .look("the server's certificate, key and client CAs", || {
                reloadable.replace(builder.load()?)
            });
        for (path, watched, due) in &mut self.lists {
            let loaded = watched.look("the revocation list", || builder.load_crl(path));
            *due = loaded.or(*due);
            if due.is_some_and(|due| due < SystemClock.now()) {
                crl_file::warn_overdue(path);
                *due = None;
            }
        }
    }
}

/// Files that are read together.
struct Watched {
    files: Vec<PathBuf>,
    seen: Vec<Option<Stamp>>,
    refused: Option<Refused>,
}

struct Refused {
    why: String,
    looks: u32,
}

/// By what a change of a file is noticed.
#[derive(PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
    /// A file that was moved into the place of another may be as old and as long.
    #[cfg(unix)]
    identity: (u64, i64, i64),
}

impl Watched {
    fn new(files: Vec<PathBuf>) -> Self {
        let seen = stamps(&files);
        Self {
            files,
            seen,
            refused: None,
        }
    }

    /// Reads the files anew if they have changed. If they are refused, what was in force stays,
    /// and the log says so, once.
    fn look<T>(
        &mut self,
        what: &str,
        read: impl FnOnce() -> Result<T, MutualTlsError>,
    ) -> Option<T> {
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
        if !is_changed && !is_due {
            return None;
        }
        match read() {
            Ok(read) => {
                tracing::info!(target: "certsession::tls", "reloaded {what}");
                self.refused = None;
                Some(read)
            }
            Err(error) => {
                let why = error.to_string();
                if is_changed || self.refused.as_ref().is_none_or(|last| last.why != why) {
                    tracing::error!(
                        target: "certsession::tls",
                        error = why,
                        "{what} cannot be reloaded; what was in force stays",
                    );
                }
                let looks = 0;
                self.refused = Some(Refused { why, looks });
                None
            }
        }
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

//! The log of a portal, as an operator keeps it: one JSON object a line.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long a line may take to arrive, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A log in a file, read step by step.
pub(crate) struct Log {
    path: PathBuf,
    /// How many bytes the steps before have read.
    read: usize,
    _folder: TempDir,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// As it was written, with its fields in their order.
    pub(crate) text: String,
    pub(crate) fields: BTreeMap<String, Value>,
}

/// One step of an attack, and what the log says of it.
pub(crate) struct Step {
    pub(crate) title: &'static str,
    pub(crate) lines: Vec<Line>,
}

impl Log {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            path: folder.path().join("log"),
            read: 0,
            _folder: folder,
        }
    }

    pub(crate) fn file(&self) -> File {
        let options = &mut File::options();
        options.append(true).create(true).open(&self.path).unwrap()
    }

    /// Waits for lines of these kinds, in any order, and returns all lines since the last call.
    ///
    /// # Panics
    ///
    /// If one does not come.
    pub(crate) async fn wait_for(&mut self, kinds: &[&str]) -> Vec<Line> {
        let began = Instant::now();
        loop {
            let (lines, end) = self.lines_since();
            let mut missing = kinds.to_vec();
            for line in &lines {
                if let Some(found) = missing.iter().position(|kind| *kind == line.kind()) {
                    missing.swap_remove(found);
                }
            }
            if missing.is_empty() {
                self.read = end;
                return lines;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "no line of {missing:?} among {lines:#?}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn lines_since(&self) -> (Vec<Line>, usize) {
        let text = fs::read_to_string(&self.path).unwrap();
        let complete = text.rfind('\n').map_or(0, |end| end + 1);
        let new = &text[self.read..complete];
        (new.lines().map(Line::parse).collect(), complete)
    }
}

impl Line {
    pub(crate) fn parse(text: &str) -> Self {
        let fields = serde_json::from_str(text);
        Self {
            text: text.to_owned(),
            fields: fields.unwrap_or_else(|error| panic!("{error}: {text}")),
        }
    }

    /// The event, with its reason if it has one: `request_refused other_certificate`. A line of
    /// another target than the sessions' is of the kind of its message.
    pub(crate) fn kind(&self) -> String {
        match (self.get("event"), self.get("reason")) {
            (Some(event), Some(reason)) => format!("{event} {reason}"),
            (Some(event), None) => event.to_owned(),
            (None, _) => self.get("message").unwrap_or_default().to_owned(),
        }
    }

    pub(crate) fn get(&self, field: &str) -> Option<&str> {
        self.fields.get(field)?.as_str()
    }
}

/// A file of the repository.
pub(crate) fn of_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

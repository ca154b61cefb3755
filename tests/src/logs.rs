//! Every log line of the process, at every level: on standard error, and for tests that ask.

use std::io::{self, Write};
use std::sync::Mutex;
use std::time::Duration;

/// What was logged since a test asked for it.
static KEPT: Mutex<Option<String>> = Mutex::new(None);

/// Logs everything to standard error, from the first call on. Libraries that log by the crate
/// `log` are heard too: actix-web is one of them.
pub(crate) fn log_everything() {
    let _ = tracing_subscriber::fmt()
        .with_env_filter("trace")
        .with_writer(|| Tee)
        .with_ansi(false)
        .try_init();
}

/// The log lines from here on. Tests in one process see each other's.
pub struct Logs(());

impl Logs {
    /// Begins to keep log lines.
    pub fn keep() -> Self {
        log_everything();
        KEPT.lock().unwrap().get_or_insert_default();
        Self(())
    }

    /// Waits for a line that has all of these in it, and returns it: a server may answer before
    /// it logs.
    ///
    /// # Panics
    ///
    /// If there is none within five seconds.
    pub async fn line_with(&self, parts: &[&str]) -> String {
        for _ in 0..500 {
            if let Some(line) = self.find(parts) {
                return line;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no log line has {parts:?}");
    }

    /// The last line, if there is one, that has all of these in it.
    pub fn find(&self, parts: &[&str]) -> Option<String> {
        let kept = KEPT.lock().unwrap();
        let has_all = |line: &&str| parts.iter().all(|part| line.contains(part));
        kept.as_ref()?
            .lines()
            .rev()
            .find(has_all)
            .map(str::to_owned)
    }
}

/// Writes to standard error, and to [`KEPT`]. A line comes in one piece.
struct Tee;

impl Write for Tee {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some(kept) = KEPT.lock().unwrap().as_mut() {
            kept.push_str(&String::from_utf8_lossy(line));
        }
        io::stderr().write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

//! Every log line of the process, at every level: on standard error, and for tests that request
//! them.

use std::io::{self, Write};
use std::sync::Mutex;
use std::time::Duration;

/// The lines that were logged since a test requested them.
static KEPT: Mutex<Option<String>> = Mutex::new(None);

/// Logs everything to standard error, from the first call on, including the lines of libraries that
/// use the crate `log`, such as actix-web.
pub(crate) fn log_everything() {
    let _ = tracing_subscriber::fmt()
        .with_env_filter("trace")
        .with_writer(|| Tee)
        .with_ansi(false)
        .try_init();
}

/// The log lines from now on. Tests in one process see each other's lines.
pub struct Logs(());

impl Logs {
    /// Starts to keep log lines.
    pub fn keep() -> Self {
        log_everything();
        KEPT.lock().unwrap().get_or_insert_default();
        Self(())
    }

    /// Waits for a line that contains all of these parts, and returns it: a server may respond
    /// before it logs.
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

    /// The last line that contains all of these parts, if there is one.
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

/// Writes to standard error, and to [`KEPT`]. Each line is one write.
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

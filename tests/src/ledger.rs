//! Every secret that a test has seen, so that the whole output of the suite can be searched.
//!
//! With `CERTSESSION_LEDGER` set to a file, each token, and each value that a test keeps in a
//! session as a secret, is added to it, and everything at level TRACE goes to standard error.
//! The command `search-output` then looks for each of them in what the suite has printed.

use std::fs::OpenOptions;
use std::io::Write;

/// Begins each value that must not show up anywhere but in an answer.
pub const SECRET_VALUE: &str = "swordfish-";

/// Names the file.
pub const VARIABLE: &str = "CERTSESSION_LEDGER";

/// Adds a secret.
pub fn record_secret(secret: &str) {
    let Some(path) = std::env::var_os(VARIABLE) else {
        return;
    };
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    // One write of a short line: tests in other processes cannot come between.
    file.write_all(format!("{secret}\n").as_bytes()).unwrap();
}

/// Logs everything, once a process.
pub fn log_everything() {
    let _ = tracing_subscriber::fmt()
        .with_env_filter("trace")
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
}

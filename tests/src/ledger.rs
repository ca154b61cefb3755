//! Every secret that a test has seen, so that the whole output of the suite can be searched.
//!
//! With `CERTSESSION_LEDGER` set to a file, each token that a client has seen, and each secret
//! value that a test has asked for here, is added to it; everything at level TRACE goes to
//! standard error in any case (see `logs`). The command `search-output` then looks for the
//! tokens, and for whatever begins as a secret value does, in all that the suite has printed.

use std::fs::OpenOptions;
use std::io::Write;

/// Begins each value that must not show up anywhere but in an answer.
pub const SECRET_VALUE: &str = "swordfish-";

/// Names the file.
pub const VARIABLE: &str = "CERTSESSION_LEDGER";

/// A value to keep in a session: it must not show up anywhere but in an answer.
pub fn secret_value(name: &str) -> String {
    let value = format!("{SECRET_VALUE}{name}");
    record_secret(&value);
    value
}

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

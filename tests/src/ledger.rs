//! The ledger of every secret that a test has seen, so that the whole output of the suite can be
//! searched for them.
//!
//! If `CERTSESSION_LEDGER` names a file, each token that a client has seen, and each secret value
//! that a test has requested here, is added to it; everything at level TRACE goes to standard error
//! in any case (see `logs`). The command `search-output` then searches the suite's whole output for
//! the tokens, and for every text that begins like a secret value.

use std::fs::OpenOptions;
use std::io::Write;

/// The beginning of each secret value, which must not appear anywhere except in a response.
pub const SECRET_VALUE: &str = "swordfish-";

/// The environment variable with the path of the ledger.
pub const VARIABLE: &str = "CERTSESSION_LEDGER";

/// Returns a value to store in a session. It must not appear anywhere except in a response.
pub fn secret_value(name: &str) -> String {
    let value = format!("{SECRET_VALUE}{name}");
    record_secret(&value);
    value
}

/// Adds a secret to the ledger.
pub fn record_secret(secret: &str) {
    let Some(path) = std::env::var_os(VARIABLE) else {
        return;
    };
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    // One write of a short line, so that tests in other processes cannot interleave theirs.
    file.write_all(format!("{secret}\n").as_bytes()).unwrap();
}

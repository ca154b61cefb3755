//! Instructions, as valgrind counts them.

use std::error::Error;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// The instructions of a whole run of a program.
///
/// # Errors
///
/// If valgrind is missing, or the program fails.
pub fn instructions(
    program: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("valgrind: {error}; apt-get install valgrind"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said
        .lines()
        .find_map(|line| line.split("Collected : ").nth(1))
        .filter(|_| output.status.success())
        .ok_or_else(|| format!("valgrind counted nothing: {said}"))?;
    Ok(collected.trim().parse()?)
}

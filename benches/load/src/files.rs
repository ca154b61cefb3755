//! The limit of open files of a process: each connection is one.

use std::fs;
use std::process::Command;

use crate::Fault;

/// The maximum number of open files besides the connections.
const BESIDES: u64 = 64;

/// Raises the limit so that this process, and those that it starts from now on, can have this many
/// connections.
///
/// # Errors
///
/// If the system does not allow it; the message says what to do.
pub fn allow_connections(connections: usize) -> Result<(), Fault> {
    let needed = u64::try_from(connections)? + BESIDES;
    let [soft, hard] = limits()?;
    if soft >= needed {
        return Ok(());
    }
    if hard < needed {
        return Err(format!(
            "{connections} connections take {needed} open files, and a process may have no more \
             than {hard} here: start a shell by `sudo prlimit --nofile={needed} bash`, and try \
             again"
        )
        .into());
    }
    let output = Command::new("prlimit")
        .args(["--pid", &std::process::id().to_string()])
        .arg(format!("--nofile={needed}:"))
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into())
}

/// The current limit, and the maximum.
fn limits() -> Result<[u64; 2], Fault> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .ok_or("no such limit")?;
    let mut values = line.split_whitespace().map(|value| match value {
        "unlimited" => Ok(u64::MAX),
        number => number.parse(),
    });
    let (Some(soft), Some(hard)) = (values.next(), values.next()) else {
        return Err("no such limits".into());
    };
    Ok([soft?, hard?])
}

//! Who has used how much of the processor.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::Fault;

/// Where everything but the servers runs.
pub const CLIENT_CORE: usize = 1;

/// How the kernel counts for the whole machine: in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// Binds every thread of a process to one core.
///
/// # Errors
///
/// If `taskset` cannot.
pub fn pin(process: u32, core: usize) -> Result<(), Fault> {
    let output = Command::new("taskset")
        .args(["-acp", &core.to_string(), &process.to_string()])
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into())
}

/// What a process has used so far, all its threads together, to the nanosecond.
///
/// # Errors
///
/// If there is no such process.
pub fn used_by(process: u32) -> Result<Duration, Fault> {
    let mut nanos = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let stat = fs::read_to_string(thread?.path().join("schedstat"))?;
        let running = stat.split_whitespace().next().ok_or("no such field")?;
        nanos += running.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanos))
}

/// What all processes together have used so far, those of other virtual machines included.
/// Interrupts count as nobody's.
///
/// # Errors
///
/// If the kernel does not tell.
pub fn used_by_all() -> Result<Duration, Fault> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().ok_or("no such line")?;
    let mut sum = 0;
    for (at, field) in line.split_whitespace().enumerate() {
        // Of users, of users that are nice, of the system; and what other machines took of ours.
        if matches!(at, 1..=3 | 8) {
            sum += field.parse::<u32>()?;
        }
    }
    Ok(TICK * sum)
}

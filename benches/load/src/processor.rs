//! Who has used how much of the processor.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::Fault;

/// Where everything but the servers runs.
pub const CLIENT_CORE: usize = 1;

/// How the kernel counts: in hundredths of a second.
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

/// What a process has used so far, all its threads together.
///
/// # Errors
///
/// If there is no such process.
pub fn used_by(process: u32) -> Result<Duration, Fault> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in brackets, may have spaces; user and system time are the 12th and 13th after it.
    let (_, fields) = stat.rsplit_once(')').ok_or("no such fields")?;
    ticks(fields.split_whitespace().skip(11).take(2))
}

/// What all processes together have used so far. Interrupts count as nobody's.
///
/// # Errors
///
/// If the kernel does not tell.
pub fn used_by_all() -> Result<Duration, Fault> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().ok_or("no such line")?;
    // Of users, of users that are nice, of the system.
    ticks(line.split_whitespace().skip(1).take(3))
}

/// How many cores there are.
pub fn cores() -> u32 {
    let cores = fs::read_to_string("/proc/cpuinfo").map_or(0, |text| {
        text.lines()
            .filter(|line| line.starts_with("processor"))
            .count()
    });
    let cores = cores.max(thread::available_parallelism().map_or(1, usize::from));
    u32::try_from(cores).unwrap_or(u32::MAX)
}

fn ticks<'a>(fields: impl Iterator<Item = &'a str>) -> Result<Duration, Fault> {
    let mut sum = 0_u32;
    for field in fields {
        sum += field.parse::<u32>()?;
    }
    Ok(TICK * sum)
}

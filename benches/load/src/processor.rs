//! Who has used how much of the processor.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use certsession_benches::cores;

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

/// Watches how much of the machine others have.
#[derive(Debug)]
pub struct Watch<'a> {
    ours: &'a [u32],
    began: Instant,
    before: [Duration; 2],
}

impl<'a> Watch<'a> {
    /// From here on; these processes are not others.
    ///
    /// # Errors
    ///
    /// If there is no such process.
    pub fn begin(ours: &'a [u32]) -> Result<Self, Fault> {
        let before = used(ours)?;
        let began = Instant::now();
        Ok(Self {
            ours,
            began,
            before,
        })
    }

    /// The share of the machine that others have had so far.
    ///
    /// # Errors
    ///
    /// If one of the processes has ended.
    pub fn others(&self) -> Result<f64, Fault> {
        let (wall, after) = (self.began.elapsed().as_secs_f64(), used(self.ours)?);
        let spent = |at: usize| after[at].saturating_sub(self.before[at]).as_secs_f64();
        Ok((spent(0) - spent(1)).max(0.0) / wall / cores() as f64)
    }
}

/// What all processes have used so far, and what these have.
fn used(ours: &[u32]) -> Result<[Duration; 2], Fault> {
    let each = ours.iter().map(|process| used_by(*process));
    Ok([used_by_all()?, each.sum::<Result<_, _>>()?])
}

/// What all processes together have used so far, those of other virtual machines included.
/// Interrupts count as nobody's.
fn used_by_all() -> Result<Duration, Fault> {
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

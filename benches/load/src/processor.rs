//! The use of the processor.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use certsession_benches::cores;

use crate::Fault;

/// The core for everything except the servers.
pub const CLIENT_CORE: usize = 1;

/// The core for the servers.
const SERVER_CORE: usize = 0;

/// The kernel's unit for the whole machine: hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// A program that will run on the servers' core.
pub fn on_server_core(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &SERVER_CORE.to_string()]).arg(program);
    command
}

/// Binds every thread of a process to one core.
///
/// # Errors
///
/// If `taskset` fails.
pub fn pin(process: u32, core: usize) -> Result<(), Fault> {
    let output = Command::new("taskset")
        .args(["-acp", &core.to_string(), &process.to_string()])
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into())
}

/// The processor time that a process has used so far in all threads, in nanoseconds.
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

/// Measures how much of the machine other programs use.
#[derive(Debug)]
pub struct Watch<'a> {
    ours: &'a [u32],
    began: Instant,
    before: [Duration; 2],
}

impl<'a> Watch<'a> {
    /// Starts the measurement; these processes do not count as others.
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

    /// The share of the machine that other programs have used so far.
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

/// The processor time that all processes have used so far, and the time of these.
fn used(ours: &[u32]) -> Result<[Duration; 2], Fault> {
    let each = ours.iter().map(|process| ticks_of(*process));
    Ok([used_by_all()?, each.sum::<Result<_, _>>()?])
}

/// The processor time that a process has used so far, threads that have ended among them, in the unit
/// in which the kernel says that of all processes.
fn ticks_of(process: u32) -> Result<Duration, Fault> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')').ok_or("no such field")?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u32>);
    let (user, system) = times.next().zip(times.next()).ok_or("no such field")?;
    Ok(TICK * (user? + system?))
}

/// The processor time that all processes together have used so far, including other virtual
/// machines. Interrupts are not attributed to a process.
fn used_by_all() -> Result<Duration, Fault> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().ok_or("no such line")?;
    let mut sum = 0;
    for (at, field) in line.split_whitespace().enumerate() {
        // The time of user processes, of nice user processes, of the system, and the time stolen by
        // other virtual machines.
        if matches!(at, 1..=3 | 8) {
            sum += field.parse::<u32>()?;
        }
    }
    Ok(TICK * sum)
}

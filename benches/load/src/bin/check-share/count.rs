//! How many instructions a part of the check takes, as valgrind counts them.

use std::process::Command;

use bench_load::Fault;

/// A process that takes it many times, less one that takes it a few times.
const FEW: u64 = 1_000;
const MANY: u64 = 101_000;

pub(crate) fn instructions(part: usize) -> Result<u64, Fault> {
    let more = callgrind(part, MANY)?.saturating_sub(callgrind(part, FEW)?);
    Ok(more / (MANY - FEW))
}

fn callgrind(part: usize, times: u64) -> Result<u64, Fault> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args([part.to_string(), times.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said
        .lines()
        .find_map(|line| line.split("Collected : ").nth(1))
        .filter(|_| output.status.success())
        .ok_or_else(|| format!("valgrind counted nothing: {said}"))?;
    Ok(collected.trim().parse()?)
}

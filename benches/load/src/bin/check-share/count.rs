//! The number of instructions of a part of the check, counted by valgrind.

use bench_load::Fault;

/// The difference between a process that runs the part many times and one that runs it a few times.
const FEW: u64 = 1_000;
const MANY: u64 = 101_000;

pub(crate) fn instructions(part: usize) -> Result<u64, Fault> {
    let taking = |times: u64| {
        let program = std::env::current_exe()?;
        certsession_benches::instructions(&program, [part.to_string(), times.to_string()])
    };
    Ok(taking(MANY)?.saturating_sub(taking(FEW)?) / (MANY - FEW))
}

//! How many instructions a part of the check takes, as valgrind counts them.

use bench_load::Fault;

/// A process that takes it many times, less one that takes it a few times.
const FEW: u64 = 1_000;
const MANY: u64 = 101_000;

pub(crate) fn instructions(part: usize) -> Result<u64, Fault> {
    let taking = |times: u64| {
        let program = std::env::current_exe()?;
        certsession_benches::instructions(&program, [part.to_string(), times.to_string()])
    };
    Ok(taking(MANY)?.saturating_sub(taking(FEW)?) / (MANY - FEW))
}

//! The memory of a process.

use std::fs;

use bench_load::Fault;

/// The resident bytes of a process. `VmRSS` is the same, except for some hundred kilobytes that the
/// kernel has not added up yet, which is much for a thousand connections.
pub(crate) fn resident(process: u32) -> Result<u64, Fault> {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let kib: u64 = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Rss:"))
        .and_then(|rest| rest.split_whitespace().next())
        .ok_or("the kernel does not tell how much is resident")?
        .parse()?;
    Ok(kib * 1_024)
}

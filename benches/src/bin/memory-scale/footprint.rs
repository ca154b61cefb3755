//! The memory of this process.

use std::alloc::System;
use std::error::Error;
use std::fs;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The memory of this process at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Footprint {
    /// As the system counts it, including memory that the allocator rounds up or cannot return.
    pub(crate) resident: usize,
    /// Requested from the allocator and not returned.
    pub(crate) requested: usize,
}

impl Footprint {
    pub(crate) fn now() -> Result<Self, Box<dyn Error>> {
        let status = fs::read_to_string("/proc/self/status")?;
        let kib: usize = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .ok_or("no VmRSS in /proc/self/status")?
            .parse()?;
        let stats = ALLOCATOR.stats();
        Ok(Self {
            resident: kib << 10,
            requested: stats.bytes_allocated - stats.bytes_deallocated,
        })
    }
}

/// How many allocations were made so far.
pub(crate) fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

//! What this process uses: the server under test is in it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Memory in mebibytes, as the system counts it.
pub(crate) fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.unwrap().trim().trim_end_matches("kB").trim();
    kibibytes.parse::<u64>().unwrap() / 1024
}

/// Processor time of all threads so far.
pub(crate) fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // The name, in parentheses, may hold spaces; fields 14 and 15 are counted behind it.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = fields.split(' ').skip(11).take(2);
    let ticks: u64 = ticks.map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Looks at the memory until it is asked for the highest.
pub(crate) struct Peak {
    before: u64,
    highest: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Peak {
    pub(crate) fn watch() -> Self {
        let before = memory();
        let (highest, is_over) = (Arc::new(AtomicU64::new(before)), Arc::default());
        let thread = thread::spawn({
            let (highest, is_over) = (Arc::clone(&highest), Arc::<AtomicBool>::clone(&is_over));
            move || {
                while !is_over.load(Ordering::Relaxed) {
                    highest.fetch_max(memory(), Ordering::Relaxed);
                    thread::park_timeout(Duration::from_millis(5));
                }
            }
        });
        Self {
            before,
            highest,
            is_over,
            thread,
        }
    }

    /// By how many mebibytes it has grown at the most.
    pub(crate) fn growth(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.highest.load(Ordering::Relaxed) - self.before
    }
}

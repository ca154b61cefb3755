//! The examples, each as a user runs it: started as a program, and called by curl over TLS.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot continue fails"
)]

mod operations;
mod sessions;

use std::time::{Duration, Instant};

/// Waits until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

//! Model checks of the memory store and the rules over it: each model is run once for every order
//! in which its threads can take the locks.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p certsession-core --release \
//!     --features test-util --test loom --target-dir target/loom -- --nocapture
//! ```
//!
//! The checked code is the real code: under `--cfg loom` the store only takes its locks from the
//! model checker. Every order is tried, without a bound on preemptions.
#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

mod capacity;
mod ending;
mod limit;
mod owners;
mod requests;
mod support;
mod tokens;
mod writers;

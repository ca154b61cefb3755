//! What an operator sees: the log of attacks on a real portal, and docs/operations.md, which has to
//! say the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that cannot continue fails"
)]

mod attack;
mod guide;
mod log;
mod metrics;
mod spans;

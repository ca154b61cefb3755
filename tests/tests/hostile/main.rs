//! A client with a certificate that does its worst, and an honest one beside it.
//!
//! Each attack runs against a real server, and each test prints what the honest client saw. The
//! bounds here leave room for a machine that does other work; the figures of a quiet one are in
//! docs/performance.md (`just measure-hostile`).

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot continue fails; the figures are what a run is for"
)]

mod honest;
mod listing;
mod process;
mod revoked;
mod shared;
mod silent;
mod watchers;

//! The Redis store on real servers.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on, stops; and it says how far it came"
)]

mod conformance;
mod harness;
mod hints;
mod near;
mod portal;
mod races;
mod records;
mod round_trips;
mod set_up;
mod twice;

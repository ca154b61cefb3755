//! The Redis store on real servers.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on, stops; and it says how far it came"
)]

mod conformance;
mod end_notifications;
mod harness;
mod near;
mod portal;
mod races;
mod records;
mod round_trips;
mod set_up;
mod twice;

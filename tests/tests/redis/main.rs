//! The Redis store on real servers.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot continue fails; and it prints its progress"
)]

mod between;
mod conformance;
mod end_notifications;
mod harness;
mod native;
mod near;
mod portal;
mod races;
mod records;
mod round_trips;
mod sealed;
mod set_up;
mod slow;
mod twice;

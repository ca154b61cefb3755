//! The Firestore store on the emulator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that cannot go on, stops; and it prints its progress"
)]

mod conformance;
mod end_notifications;
mod example;
mod expired;
mod faults;
mod harness;
mod ledger;
mod portal;
mod races;
mod round_trips;
mod sealed;
mod set_up;

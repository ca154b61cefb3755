//! The helper that starts Redis for the other tests does what they rely on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on, stops")]

mod cluster;
mod ending;
mod one;
mod sentinel;
mod set_up;

//! Tests of the helper that starts Redis for the other tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod cluster;
mod ending;
mod one;
mod sentinel;
mod set_up;

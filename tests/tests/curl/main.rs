//! curl as a client of the examples: the portal and the quickstart, as a user starts them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on, stops")]

mod flags;
mod interface;
mod mistakes;
mod quickstart;
mod sessions;
mod theft;

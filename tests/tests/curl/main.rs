//! curl as a client of the examples, the portal and the quickstart, which are started as a user
//! starts them.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod flags;
mod interface;
mod mistakes;
mod quickstart;
mod sessions;
mod theft;

//! The rules over a store, promise by promise: with certificates from a CA, a clock that the test
//! sets and a store that fails on command. No HTTP and no TLS stack.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

mod admin;
mod anchors;
mod application_keys;
mod binding;
mod clocks;
mod data;
mod details;
mod distrust;
mod endings;
mod events;
mod faults;
mod identity;
mod in_flight;
mod late;
mod lifetimes;
mod limits;
mod near;
mod once;
mod open;
mod races;
mod realms;
mod redaction;
mod renewal;
mod replay;
mod revocation;
mod rotation;
mod sealed;
mod sign_in;
mod state;
mod step_up;
mod support;
mod unbound;
mod unreadable;
mod watched;

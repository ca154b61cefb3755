//! What is axum's and tower's alone: how layers are put together, and what clients that stall or
//! hang up do to the servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on, stops"
)]
#![allow(clippy::print_stdout, reason = "what was measured is said")]

mod acceptors;
mod bodies;
mod faults;
mod gone;
mod listener;
mod order;
mod portals;
mod reading;
mod refused;
mod request;
mod shutdown;
mod slow;
mod web_socket;
mod wire;
mod workshop;

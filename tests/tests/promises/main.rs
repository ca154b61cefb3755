//! The eight promises, each over every store, both TLS stacks, HTTP/1.1 and HTTP/2.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod bind_when_present;
mod cancellation;
mod encrypted;
mod features;
mod p1_never_adopted;
mod p2_bound;
mod p3_fresh_on_privilege;
mod p4_the_end_is_final;
mod p5_no_lost_update;
mod p6_fail_closed;
mod p7_nothing_to_steal;
mod p8_alive_on_every_request;

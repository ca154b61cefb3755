//! Certificates that change during sessions: the whole matrix of stacks, handshakes and policies,
//! revocation by file, renewal, and connections that outlive their request.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod connections;
mod live;
mod matrix;
mod revocation;
mod timing;

//! Real proxies in front of both portals: who a client is, is what the proxy has verified.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod around;
mod cells;
mod examples;
mod forms;
mod managed;
mod mixed;
mod pooled;
mod promises;
mod recipes;
mod spoofed;

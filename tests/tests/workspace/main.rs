//! Who depends on whom, and on what: the rules of the workspace, as cargo sees it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on, stops")]

mod cargo;
mod circles;
mod dependencies;
mod edges;
mod lints;
mod publishing;

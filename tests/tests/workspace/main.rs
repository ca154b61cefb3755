//! The rules for dependencies between and of the packages of the workspace.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod cargo;
mod circles;
mod dependencies;
mod edges;
mod lints;
mod pages;
mod publishing;
mod settings;

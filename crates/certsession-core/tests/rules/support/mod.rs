//! Test support: a CA, the world that a request runs in, and the client that makes it.

mod ca;
mod client;
mod world;

pub(crate) use ca::{Ca, Certificate, owner};
pub(crate) use client::{Client, commit, refusal_of};
pub(crate) use world::{HOUR, MINUTE, NOW, SECOND, World};

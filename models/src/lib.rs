//! The step sequences of the stores on servers, in a model checker: every order of the steps of a
//! few requests, with commands that arrive late, answers that are lost, commands that are sent
//! twice, crashes between two steps, and, for Redis, a failover that loses the last step.
//!
//! A model has no Rust code of the store in it: it says what the store's own documentation says,
//! in as few words as the checker can run. What it shows is that the *order* of the steps keeps
//! the contract. That the store takes its steps in that order is for the conformance suite.
//!
//! | file | purpose |
//! |---|---|
//! | `network` | requests, a server, and what lies between them |
//! | `firestore` | documents with preconditions |
//! | `redis` | records and indexes, one key for each step |

#![allow(missing_debug_implementations, reason = "no one prints them")]

mod firestore;
mod network;
mod redis;

pub use firestore::{Ask, Firestore, FirestoreFault};
pub use network::{Network, Verdict, check};
pub use redis::{Redis, RedisFault};

//! Real servers that fail under load, with a ledger of everything that the store has acknowledged:
//! no ended session is accepted, no certificate except the session's own, and nothing is lost on a
//! server that kept its data.
//!
//! | file | purpose |
//! |---|---|
//! | `load` | several hundred concurrent clients |
//! | `client` | one client, which makes one request after another |
//! | `ledger` | the acknowledged results, and what they turned out to be |
//! | `audit` | the final check of all sessions |
//! | `verdict` | when which requests may fail, and what may be lost |
//! | `trial` | a fault while clients are at work |
//! | `random` | reproducible random numbers |
//! | the others | the faults |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot continue fails"
)]

mod audit;
mod client;
mod failover;
mod https;
mod ledger;
mod load;
mod memory;
mod one_server;
mod random;
mod refusals;
mod stopped;
mod trial;
mod verdict;

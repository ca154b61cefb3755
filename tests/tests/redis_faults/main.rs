//! Real servers that fail under load, and a ledger of all that the store has acknowledged: no
//! ended session is accepted, no certificate but the session's own, and nothing is lost on a
//! server that kept its data.
//!
//! | file | purpose |
//! |---|---|
//! | `load` | several hundred clients at once |
//! | `client` | one client, which does one thing after the other |
//! | `ledger` | what the store has acknowledged, and what came of it |
//! | `audit` | a look at everything that is left |
//! | `verdict` | what may fail, when, and what may be lost |
//! | `trial` | a fault that comes while clients are at work |
//! | `random` | numbers that are the same each time |
//! | the others | the faults |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on, stops"
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
mod trial;
mod verdict;

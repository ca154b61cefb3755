//! Shared parts of the benchmarks.
//!
//! | file | purpose |
//! |---|---|
//! | `callgrind` | instructions, counted by valgrind |
//! | `clients` | a certificate for each client |
//! | `contents` | the content of the sessions, and the cookie of a client without one |
//! | `document` | writes the results into the pages of `docs/` |
//! | `grouped` | large numbers in readable form |
//! | `machine` | describes the machine |
//! | `population` | a store full of sessions, through the public API only |
//! | `random` | the same random numbers in every run |
//! | `revoked` | lists of revoked certificates |
//! | `samples` | medians and percentiles |
//! | `verdict` | whether a budget is kept |

mod callgrind;
mod clients;
mod contents;
mod document;
mod grouped;
mod machine;
mod population;
mod random;
mod revoked;
mod samples;
mod verdict;

pub use callgrind::{instructions, instructions_by_source};
pub use clients::Clients;
pub use contents::{KEYS, contents, stand_in_cookie};
pub use document::Page;
pub use grouped::grouped;
pub use machine::{cores, describe_machine};
pub use population::{Client, Population, commit};
pub use random::Random;
pub use revoked::revocation_list;
pub use samples::{Percentiles, Samples};
pub use verdict::verdict;

//! What the benchmarks share.
//!
//! | file | purpose |
//! |---|---|
//! | `clients` | a certificate for each client |
//! | `contents` | what the sessions hold, and what a client shows before it has one |
//! | `document` | puts what was found into the pages of `docs/` |
//! | `grouped` | large numbers, as they are read |
//! | `machine` | says on what they were measured |
//! | `population` | a store full of sessions, through the public API alone |
//! | `random` | the same random numbers in every run |
//! | `samples` | medians and percentiles |

mod clients;
mod contents;
mod document;
mod grouped;
mod machine;
mod population;
mod random;
mod samples;

pub use clients::Clients;
pub use contents::{KEYS, contents, stand_in_cookie};
pub use document::Page;
pub use grouped::grouped;
pub use machine::{cores, describe_machine};
pub use population::{Client, Population, commit};
pub use random::Random;
pub use samples::{Percentiles, Samples};

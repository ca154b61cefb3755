//! What the benchmarks share.
//!
//! | file | purpose |
//! |---|---|
//! | `callgrind` | instructions, as valgrind counts them |
//! | `clients` | a certificate for each client |
//! | `contents` | what the sessions hold, and what a client shows before it has one |
//! | `document` | puts what was found into the pages of `docs/` |
//! | `grouped` | large numbers, as they are read |
//! | `machine` | says on what they were measured |
//! | `population` | a store full of sessions, through the public API alone |
//! | `random` | the same random numbers in every run |
//! | `revoked` | lists of revoked certificates |
//! | `samples` | medians and percentiles |

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

//! What the benchmarks share.
//!
//! | file | purpose |
//! |---|---|
//! | `clients` | a certificate for each client |
//! | `contents` | what the sessions hold, and what a client shows before it has one |
//! | `document` | puts what was found into the pages of `docs/` |
//! | `machine` | says on what they were measured |
//! | `samples` | medians and percentiles |

mod clients;
mod contents;
mod document;
mod machine;
mod samples;

pub use clients::Clients;
pub use contents::{KEYS, contents, stand_in_cookie};
pub use document::Page;
pub use machine::{cores, describe_machine};
pub use samples::{Percentiles, Samples};

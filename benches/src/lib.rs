//! What the benchmarks share.
//!
//! | file | purpose |
//! |---|---|
//! | `document` | puts figures into `docs/performance.md` |
//! | `machine` | says on what they were measured |
//! | `samples` | medians and percentiles |

mod document;
mod machine;
mod samples;

pub use document::replace_section;
pub use machine::describe_machine;
pub use samples::{Percentiles, Samples};

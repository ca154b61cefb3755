//! What the counting of instructions and that of allocations have in common: requests through a
//! candidate's application, in this process.
//!
//! | file | purpose |
//! |---|---|
//! | `requests` | requests through an application |
//! | `work` | what the requests do |

mod requests;
mod work;

pub use requests::Requests;
pub use work::Work;

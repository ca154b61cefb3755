//! Shared parts of counting instructions and allocations: requests through a candidate's
//! application, in this process.
//!
//! | file | purpose |
//! |---|---|
//! | `requests` | requests through an application |
//! | `work` | the kinds of requests |

mod requests;
mod work;

pub use requests::Requests;
pub use work::Work;

//! What the load generators share: clients, servers, and what they cost.
//!
//! | file | purpose |
//! |---|---|
//! | `pki` | certificates for the servers and for each client |
//! | `server` | a server of a candidate |
//! | `processor` | who has used how much of the processor |
//! | `files` | how many files a process may have open |
//! | `client` | one connection with one session |
//! | `response` | the end of an answer, and what is in it |
//! | `crowd` | many connections, over which few requests go at a time |
//! | `cost` | what a request of those costs the server |

mod client;
mod cost;
mod crowd;
mod files;
mod pki;
mod processor;
mod response;
mod server;

use std::error::Error;

pub use client::{Client, Completed};
pub use cost::{Cost, refuse_if_disturbed};
pub use crowd::{Crowd, IN_FLIGHT};
pub use files::allow_connections;
pub use pki::Pki;
pub use processor::{CLIENT_CORE, Watch, pin, used_by};
pub use server::Server;

/// What can go wrong with a benchmark.
pub type Fault = Box<dyn Error>;

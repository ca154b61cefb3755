//! What the load generators share: clients, servers, and who has used the processor.
//!
//! | file | purpose |
//! |---|---|
//! | `pki` | certificates for the servers and for each client |
//! | `server` | a server of a contender |
//! | `processor` | who has used how much of the processor |
//! | `client` | one connection with one session |
//! | `response` | the end of an answer, and what is in it |

mod client;
mod pki;
mod processor;
mod response;
mod server;

use std::error::Error;

pub use client::{Client, Done};
pub use pki::Pki;
pub use processor::{CLIENT_CORE, cores, pin, used_by, used_by_all};
pub use server::Server;

/// What can go wrong with a benchmark.
pub type Fault = Box<dyn Error>;

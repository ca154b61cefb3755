//! Shared parts of the load generators: clients, servers, and their cost.
//!
//! | file | purpose |
//! |---|---|
//! | `pki` | certificates for the servers and for each client |
//! | `server` | a server of a candidate |
//! | `processor` | the use of the processor |
//! | `files` | the limit of open files of a process |
//! | `client` | one connection with one session |
//! | `response` | parsing a response |
//! | `crowd` | many connections with few concurrent requests |
//! | `cost` | the cost of such a request for the server |

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
pub use processor::{CLIENT_CORE, Watch, on_server_core, pin, used_by};
pub use server::Server;

/// Any error of a benchmark.
pub type Fault = Box<dyn Error>;

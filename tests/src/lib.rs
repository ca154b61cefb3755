//! What the tests of the whole framework share: a server, clients, certificates, and the
//! matrix over which each promise is kept.
//!
//! | file | purpose |
//! |---|---|
//! | `matrix` | [`promises!`]: one test per store, TLS stack and HTTP version |
//! | `stores` | the stores; a further one joins there and in `matrix`, by a line each |
//! | `site` | [`Site`]: a server in this process, over real TLS |
//! | `routes` | handlers that misbehave, beside the portal's own |
//! | `browser` | [`Browser`]: a client with one certificate and one cookie |
//! | `certificates` | the authority and its clients |
//! | `ledger` | every secret that was seen, for the search through the whole output |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on, stops"
)]
#![allow(missing_debug_implementations, reason = "nobody prints them")]

mod browser;
mod certificates;
pub mod ledger;
mod matrix;
mod routes;
mod site;
pub mod stores;

pub use browser::{Browser, Reply};
pub use certificates::{Certificates, Client};
pub use matrix::{Http, Plan, run};
pub use site::{Setup, Site, Stack};

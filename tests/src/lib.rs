//! Shared parts of the tests of the whole framework: a server, clients, certificates, and the
//! matrix that each promise is tested over.
//!
//! | file | purpose |
//! |---|---|
//! | `matrix` | [`promises!`]: one test per adapter, store, TLS stack and HTTP version |
//! | `adapters` | the adapters, each with handlers that misbehave; a further one joins there and in `matrix` |
//! | `transport` | TLS stack and HTTP version |
//! | `stores` | the stores; a further one joins there and in `matrix`, by a line each |
//! | `site` | [`Site`]: a server in this process, over real TLS |
//! | `served` | [`Served`]: as `Site`, with an application that the test puts together |
//! | `held` | where a handler waits for the test |
//! | `browser` | [`Browser`]: a client with one certificate and one cookie |
//! | `hang_up` | [`HangUp`]: a client that does not wait for its response |
//! | `live` | [`Live`]: a WebSocket, until the server closes it |
//! | `certificates` | the authority and its clients |
//! | `odd` | [`OddCertificate`](odd::OddCertificate): certificates that no library would write |
//! | `tab` | [`Tab`]: a tab of Chromium on the portal's page, with mouse, keyboard and pictures |
//! | `chromium` | [`Chromium`] as a client, and the page of another site |
//! | `curl` | [`Curl`]: curl as a client |
//! | `book` | compiles the Rust of the README and the book |
//! | `programs` | the examples as separate programs, and their addresses |
//! | `firestore` | [`Emulator`](firestore::Emulator): the Firestore emulator, and a proxy in front of it |
//! | `proxies` | [`Fronted`](proxies::Fronted): real proxies in front of the portal |
//! | `proxy` | [`ResettingProxy`]: a proxy in front of a server that can reset connections |
//! | `process`, `port` | a program that ends with the test, on a port that no other test uses |
//! | `redis` | [`RedisServer`](redis::RedisServer): real servers, which tests can break |
//! | `rules` | [`Site`](rules::Site): an application over a store, without HTTP |
//! | `races` | races between such applications that share a store |
//! | `logs` | [`Logs`]: every log line |
//! | `ledger` | every secret that was seen, for searching the whole output |
//! | `search` | that search; `search-output` is its command |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot continue fails"
)]
#![allow(missing_debug_implementations, reason = "they are never printed")]

pub mod adapters;
mod book;
mod browser;
mod certificates;
mod chromium;
pub mod curl;
pub mod firestore;
mod hang_up;
mod held;
pub mod ledger;
mod live;
mod logs;
mod matrix;
pub mod odd;
mod port;
mod process;
pub mod programs;
pub mod proxies;
mod proxy;
pub mod races;
pub mod redis;
pub mod rules;
pub mod search;
mod served;
mod site;
pub mod stores;
mod tab;
mod transport;

pub use browser::{Browser, Reply, Shown};
pub use certificates::{Certificates, Client};
pub use chromium::{Chromium, OtherSite};
pub use curl::{Curl, Printed};
pub use hang_up::HangUp;
pub use held::Held;
pub use live::Live;
pub use logs::Logs;
pub use matrix::{Plan, run};
pub use port::Port;
pub use proxy::ResettingProxy;
pub use served::{Served, Tls};
pub use site::{Setup, Site};
pub use tab::Tab;
pub use transport::{Http, Stack};

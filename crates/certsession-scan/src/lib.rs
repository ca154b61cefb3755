//! Finds faults in the session lifecycle of any web application, and proves them.
//!
//! A scan signs in as the users that a configuration names and tries to become one of them
//! without being it: with an id from before the sign-in, with a token from after the sign-out,
//! with another client certificate. A finding is a demonstrated takeover. This is the
//! library behind the command `certsession-scan`, whose guide is a page of the [book]. Rust 1.89 or
//! newer.
//!
//! [book]: https://github.com/certsession/certsession/blob/main/docs/scanner.md
//!
//! - `config`: the file, and what is wrong in it
//! - `http`: connections, TLS, raw cookies
//! - `target`, `actor`, `transcript`: who asks, within which limits, and what was said
//! - `redaction`: names in the place of tokens and passwords
//! - `oracle`, `scan`: as whom an answer reads, and which cookies carry the session
//! - `canary`: a session that no check touches, and that shows whether sessions last
//! - `check`: the checks, one file for each family; `catalog`: what they are called
//! - `report`: text, JSON, SARIF, JUnit, HTML
//! - `init`: a configuration for a start, from a page or from a recording

mod actor;
mod canary;
mod catalog;
mod check;
mod config;
mod forge;
mod http;
mod init;
mod oracle;
mod pki;
mod redaction;
mod report;
mod run;
mod scan;
mod target;
mod transcript;

pub use catalog::{Entry, Severity, entries, entry};
pub use config::{Config, ConfigError};
pub use init::{InitError, from_har, from_url};
pub use report::{About, Baseline, Finding, Format, Judged, Report};
pub use run::{Options, Progress, Readiness, Silent, UsageError, check, run};
pub use transcript::Exchange;

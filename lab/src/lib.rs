//! The scanner's lab: small applications on several stacks, with one flag for each planted fault,
//! clean twins, and applications that are odd and correct.
//!
//! - `stack`: what a server is written with, and its program
//! - `case`: a server with flags, the configuration for it, and what a scan has to find
//! - `cases`: all of them
//! - `server`: a server of a case, or of a real application
//! - `outcome`: scans a case and compares
//! - `compare`: other tools on the same cases
//! - `application`: real applications, which were not made for it

mod application;
mod case;
mod cases;
pub mod compare;
mod outcome;
mod server;
mod stack;

pub use application::{APPLICATIONS, scan_application};
pub use case::{Case, Login, Transport};
pub use cases::{cases, troubled};
pub use outcome::{Outcome, scan, scan_all};
pub use server::Server;
pub use stack::{Stack, StartError};

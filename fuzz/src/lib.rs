//! Shared parts of the fuzz targets.
//!
//! | target | property |
//! |---|---|
//! | `token` | a text is a token exactly if it has the one format of a token |
//! | `cookie` | a request has a session exactly if one cookie carries its token |
//! | `certificate` | the parsed content matches the bytes, and no text can mislead a reader |
//! | `dialect_…` | a certificate that a proxy forwards counts exactly if its fields spell it out |
//! | `record` | bytes are a record that encodes to the same bytes again, or are refused |
//!
//! Each target has independent rules for the expected result; the absence of panics is only the
//! minimum.

mod clients;
pub mod dialects;
mod seeds;

pub use clients::{client, peer};
pub use seeds::plant_seeds;

//! What the fuzz targets share.
//!
//! | target | what must hold |
//! |---|---|
//! | `token` | text is a token exactly if it has the one form of a token |
//! | `cookie` | a request has a session exactly if one cookie carries its token, under its certificate |
//! | `certificate` | what is read is what stands in the bytes, and nothing that is read can deceive |
//! | `record` | bytes are a record that is written back as it was read, or are refused |
//!
//! Each target decides by rules of its own what must come out: not to panic is the least.

mod clients;
mod seeds;

pub use clients::{client, peer};
pub use seeds::plant_seeds;

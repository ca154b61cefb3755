//! What a session keeps for the application: one JSON text per key.

mod block;
mod changes;
mod decode;
mod key;

pub use block::Data;
pub(crate) use changes::{Changes, Edit};
pub use decode::DecodeError;
pub(crate) use decode::decode;
pub use key::Key;

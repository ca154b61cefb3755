//! What a session keeps for the application: one JSON text per key.

mod block;
mod changes;
mod key;

pub use block::Data;
pub(crate) use changes::{Changes, Edit};
pub use key::Key;

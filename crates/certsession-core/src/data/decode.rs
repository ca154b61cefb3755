//! Decoding a stored value into the type of its key.

use serde::de::DeserializeOwned;

use super::Key;

/// The stored value does not have the key's type. The error holds the key's name, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored value of the session key {key:?} is not of the key's type ({problem})")]
pub struct DecodeError {
    key: String,
    problem: &'static str,
}

impl DecodeError {
    /// The key's name.
    pub fn key(&self) -> &str {
        &self.key
    }
}

pub(crate) fn decode<T: DeserializeOwned>(key: &Key<T>, json: &[u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(json).map_err(|error| DecodeError {
        key: key.name().to_owned(),
        problem: problem(&error),
    })
}

/// serde_json's own message can quote the value, so report only its category.
fn problem(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "another type",
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof => "damaged JSON",
        serde_json::error::Category::Io => "unreadable",
    }
}

//! Decoding a stored value into the type of its key.

use serde::de::DeserializeOwned;

use super::Key;

/// The stored value does not have the key's type. The error holds the key's name, the type and what
/// kind of JSON is stored, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
// Boxed, as every request's future has room for it.
pub struct DecodeError(Box<Mismatch>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the session key {key:?} holds {found}, which is no {expected} ({problem}): if its type has \
     changed, read it by the older type, or name a new key"
)]
struct Mismatch {
    key: String,
    expected: &'static str,
    found: &'static str,
    problem: &'static str,
}

impl DecodeError {
    /// The key's name.
    pub fn key(&self) -> &str {
        &self.0.key
    }

    pub(crate) fn of<T>(key: &str, json: &[u8], problem: &'static str) -> Self {
        Self(Box::new(Mismatch {
            key: key.to_owned(),
            expected: std::any::type_name::<T>(),
            found: kind(json),
            problem,
        }))
    }
}

pub(crate) fn decode<T: DeserializeOwned>(key: &Key<T>, json: &[u8]) -> Result<T, DecodeError> {
    let decoded = serde_json::from_slice(json);
    decoded.map_err(|error| DecodeError::of::<T>(key.name(), json, problem(&error)))
}

/// What kind of JSON a text is, by its first character.
fn kind(json: &[u8]) -> &'static str {
    match json.trim_ascii_start().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        Some(b'-' | b'0'..=b'9') => "a number",
        _ => "no JSON",
    }
}

/// serde_json's own message can quote the value, so report only its category.
fn problem(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "another type",
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof => "damaged JSON",
        serde_json::error::Category::Io => "unreadable",
    }
}

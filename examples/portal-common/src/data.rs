//! The session's data, key by key.

use certsession_core::Key;
use certsession_http::{Error, RequestSession};
use serde_json::value::RawValue;

use crate::answer::Failure;

/// Any JSON, as it came.
type Json = Box<RawValue>;

/// `GET /session/data/{key}`: the value; `None` is 404.
///
/// # Errors
///
/// If the session fails.
pub fn read(session: &RequestSession, key: String) -> Result<Option<Json>, Error> {
    session.get(&Key::named(key))
}

/// `PUT /session/data/{key}`.
///
/// # Errors
///
/// If the body is not JSON, or the session fails.
pub fn write(session: &RequestSession, key: String, body: &[u8]) -> Result<(), Failure> {
    let json: Json = serde_json::from_slice(body)
        // The parser's own message would be fine here, but quotes what the client sent.
        .map_err(|_| Failure::Portal(400, "the body is not JSON\n"))?;
    Ok(session.insert(&Key::<Json>::named(key), &json)?)
}

/// `DELETE /session/data/{key}`.
///
/// # Errors
///
/// If the session fails.
pub fn remove(session: &RequestSession, key: String) -> Result<(), Error> {
    session.remove::<Json>(&Key::named(key))
}

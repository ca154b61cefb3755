//! One struct for each concern of the application, with a version.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Session, SessionError};
use crate::data::{DecodeError, Key, decode};

/// One concern of the application (a cart, preferences) as one struct, under one key and with a
/// version, so that a later release reads what an earlier one has stored.
///
/// The struct is read and written whole: two requests that change it at the same time leave the
/// later one's. What must not be lost that way has a [`Key`] of its own.
///
/// ```
/// use certsession_core::SessionState;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Preferences {
///     theme: String,
///     font_size: u8,
/// }
///
/// impl SessionState for Preferences {
///     const KEY: &'static str = "preferences";
///     const VERSION: u32 = 2;
///
///     fn migrate(version: u32, json: &str) -> Option<Self> {
///         // Version 1 was the name of the theme alone.
///         let theme = (version == 1).then(|| serde_json::from_str(json).ok())??;
///         Some(Self { theme, font_size: 12 })
///     }
/// }
/// ```
pub trait SessionState: Serialize + DeserializeOwned {
    /// The name of the key.
    const KEY: &'static str;

    /// The version of the struct: raise it with each change after which serde cannot read the
    /// older JSON. Default: 1.
    const VERSION: u32 = 1;

    /// Reads the JSON of an earlier version; 0 is a value that was written without a version, by a
    /// [`Key`] of the same name. `None` if it cannot be read: that is an error for the handler, and
    /// the value stays. Default: none can.
    fn migrate(version: u32, json: &str) -> Option<Self> {
        let _ = (version, json);
        None
    }
}

/// How a state is stored.
#[derive(Serialize, Deserialize)]
struct Stored<T> {
    #[serde(rename = "certsession.version")]
    version: u32,
    value: T,
}

impl Session {
    /// The state of one concern, as this request sees it.
    ///
    /// # Errors
    ///
    /// If the stored value is of a later version, or of an earlier one that
    /// [`SessionState::migrate`] does not read, or not of the struct's form.
    pub fn state<S: SessionState>(&self) -> Result<Option<S>, SessionError> {
        let json = self.json(S::KEY)?;
        json.map(|json| read(&json)).transpose()
    }

    /// Writes the state of one concern. Begins a session if there is none.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn set_state<S: SessionState>(&mut self, state: &S) -> Result<(), SessionError> {
        let key: Key<()> = Key::new(S::KEY);
        if key.is_reserved() {
            let key = S::KEY.to_owned();
            return Err(SessionError::ReservedKey { key });
        }
        let stored = Stored {
            version: S::VERSION,
            value: state,
        };
        self.write(Cow::Borrowed(S::KEY), &stored)
    }
}

fn read<S: SessionState>(json: &[u8]) -> Result<S, SessionError> {
    let unversioned: Result<Stored<&RawValue>, _> = serde_json::from_slice(json);
    let (version, value) = match &unversioned {
        Ok(stored) => (stored.version, stored.value.get().as_bytes()),
        Err(_) => (0, json),
    };
    if version == S::VERSION {
        return Ok(decode(&Key::<S>::new(S::KEY), value)?);
    }
    let migrated = match std::str::from_utf8(value) {
        Ok(text) if version < S::VERSION => S::migrate(version, text),
        _ => None,
    };
    let problem = match version < S::VERSION {
        true => "an earlier version that `migrate` does not read",
        false => "a later version than this program knows",
    };
    migrated.ok_or_else(|| DecodeError::of::<S>(S::KEY, value, problem).into())
}

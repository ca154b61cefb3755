//! Flash messages: shown by the next page, once.

use serde::{Deserialize, Serialize};

use super::{Session, SessionError};
use crate::data::{Key, decode};
use crate::random::random;

/// What the names of the keys begin with; the time and a random part follow. Each message has a key
/// of its own, so that requests at the same time do not undo each other's.
const PREFIX: &str = "certsession.flash.";

/// How many messages wait at the same time. One more drops the oldest.
const MOST: usize = 16;

/// A message for the next page that the user sees: "the order was sent".
///
/// ```
/// use certsession_core::{Flash, FlashLevel};
///
/// let flash = Flash::new(FlashLevel::Success, "the order was sent");
/// assert_eq!(flash.level().as_str(), "success");
/// ```
///
/// The text is data: a template has to escape it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    level: FlashLevel,
    text: String,
}

/// How much a message matters, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FlashLevel {
    /// For developers.
    Debug,
    /// Something happened.
    Info,
    /// What the user asked for was done.
    Success,
    /// The user should look at something.
    Warning,
    /// What the user asked for was not done.
    Error,
}

impl FlashLevel {
    /// The level in lower case, as a class in HTML for example.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Flash {
    /// Creates a message.
    pub fn new(level: FlashLevel, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { level, text }
    }

    /// How much it matters.
    pub const fn level(&self) -> FlashLevel {
        self.level
    }

    /// The text. It is data: a template has to escape it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The time of a message, and its turn among those of one millisecond.
fn place(name: &str) -> Option<(u64, u32)> {
    let mut parts = name.strip_prefix(PREFIX)?.split('.');
    let time = u64::from_str_radix(parts.next()?, 16).ok()?;
    let turn = u32::from_str_radix(parts.next()?, 16).ok()?;
    Some((time, turn))
}

impl Session {
    /// Leaves a message for the next request that [takes](Self::take_flashes) the messages. Begins a
    /// session if there is none.
    ///
    /// It survives redirects, and a sign-out in the same request before it; a sign-in drops the
    /// messages from before it, as it drops all data that is not carried. At most 16 messages
    /// wait: one more drops the oldest.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), and if the random number generator fails.
    pub fn flash(&mut self, flash: &Flash) -> Result<(), SessionError> {
        let waiting = self.entries_under(PREFIX)?;
        let excess = (waiting.len() + 1).saturating_sub(MOST);
        let last = waiting.keys().next_back().and_then(|name| place(name));
        for name in waiting.into_keys().take(excess) {
            self.remove(&Key::<Flash>::named(name))?;
        }
        let now = self.now().as_millis();
        let (time, turn) = match last {
            Some((time, turn)) if time >= now => (time, turn.saturating_add(1)),
            _ => (now, 0),
        };
        let random = u64::from_be_bytes(random()?);
        let name = format!("{PREFIX}{time:016x}.{turn:08x}.{random:016x}");
        self.write(name.into(), flash)
    }

    /// Takes the messages, oldest first: each goes to exactly one request.
    ///
    /// **They are this request's only when the commit has succeeded**, as with
    /// [`take_once`](Self::take_once).
    ///
    /// # Errors
    ///
    /// If the session is over, or a message cannot be decrypted: all of them stay then.
    pub fn take_flashes(&mut self) -> Result<Vec<Flash>, SessionError> {
        let mut flashes = Vec::new();
        for (name, json) in self.entries_under(PREFIX)? {
            let key: Key<Flash> = Key::named(name);
            // One that another version has written in another form is dropped: it is no more than a
            // message.
            flashes.extend(decode(&key, &json).ok());
            self.remove_on_condition(key.to_name())?;
        }
        Ok(flashes)
    }
}

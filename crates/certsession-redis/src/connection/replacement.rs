//! The replacement of a record that has not changed.

use redis::Value;

use crate::call::Call;
use crate::keys::Key;
use crate::script::REPLACE;

/// The replacement of a record that has not changed: by the server's own compare-and-set, or by a
/// script. Both do nothing if the session has ended.
pub(crate) struct Replacement<'r> {
    pub(crate) key: Key<'r>,
    /// The record that is to be replaced, as the server has it.
    pub(crate) expected: &'r [u8],
    /// Its revision.
    pub(crate) revision: &'r [u8],
    pub(crate) record: &'r [u8],
    pub(crate) millis_to_live: u64,
}

/// The server's reply to a [`Replacement`], which depends on how it was made.
pub(crate) enum Replaced {
    /// `SET … IFEQ`: whether it has replaced the record.
    Natively(Value),
    /// replace.lua: that it has, or the record as it is.
    ByScript(Value),
}

impl Replacement<'_> {
    pub(crate) fn native(&self) -> Call {
        let length = self.expected.len() + self.record.len();
        Call::of_length("SET", 8, length + 96)
            .arg(self.key)
            .arg(self.record)
            .arg("IFEQ")
            .arg(self.expected)
            .arg("PX")
            .arg(self.millis_to_live)
    }

    pub(crate) fn script(&self) -> Call {
        Call::script(&REPLACE, &self.key)
            .arg(self.revision)
            .arg(self.record)
            .arg(self.millis_to_live)
    }
}

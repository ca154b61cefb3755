//! The names of the keys on the server.

use std::io::Write;

use certsession_core::{Handle, OwnerKey};
use redis::{RedisWrite, ToRedisArgs};

/// How many bytes of an owner's key name its index. If two owners shared an index, they would only
/// see each other's entries, and each entry is checked against its record.
const OWNER_BYTES: usize = Handle::LENGTH;

/// The name of a key. It is written directly into commands and allocates nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<'k> {
    prefix: &'k str,
    kind: &'static str,
    digits: [u8; 2 * Handle::LENGTH],
}

impl Key<'_> {
    fn parts(&self) -> [&[u8]; 3] {
        [self.prefix.as_bytes(), self.kind.as_bytes(), &self.digits]
    }
}

impl ToRedisArgs for Key<'_> {
    fn write_redis_args<W: RedisWrite + ?Sized>(&self, out: &mut W) {
        let mut argument = out.writer_for_next_arg();
        for part in self.parts() {
            // Writing to the command's buffer in memory cannot fail.
            let _ = argument.write_all(part);
        }
    }
}

/// Creates the names of keys, all with the same prefix.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    /// `PREFIX` and the handle in hexadecimal, as in logs: the record of one session.
    pub(crate) fn session(&self, handle: Handle) -> Key<'_> {
        self.key("", handle.as_bytes())
    }

    /// `PREFIXi:` and the beginning of the owner's hash: the sessions of one owner.
    pub(crate) fn index(&self, owner: &OwnerKey) -> Key<'_> {
        let mut name = [0; OWNER_BYTES];
        name.copy_from_slice(&owner.as_bytes()[..OWNER_BYTES]);
        self.key("i:", &name)
    }

    /// The channel for notifications about ended sessions. A message is the name of the deleted
    /// key.
    pub(crate) fn ended(&self) -> Vec<u8> {
        [self.prefix.as_bytes(), b"ended"].concat()
    }

    /// The pattern that the keys of all sessions match, and few others: what matches is checked by
    /// [`handle`](Self::handle).
    pub(crate) fn sessions(&self) -> Vec<u8> {
        let mut pattern = Vec::with_capacity(self.prefix.len() + 12);
        for byte in self.prefix.bytes() {
            if b"*?[]\\^-".contains(&byte) {
                pattern.push(b'\\');
            }
            pattern.push(byte);
        }
        pattern.extend_from_slice(b"[0-9a-f]*");
        pattern
    }

    /// The handle of the session that has this key.
    pub(crate) fn handle(&self, key: &[u8]) -> Option<Handle> {
        let text = key.strip_prefix(self.prefix.as_bytes())?;
        std::str::from_utf8(text).ok()?.parse().ok()
    }

    fn key(&self, kind: &'static str, name: &[u8; Handle::LENGTH]) -> Key<'_> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 2 * Handle::LENGTH];
        for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(name) {
            *pair = [byte >> 4, byte & 0xf].map(|digit| DIGITS[usize::from(digit)]);
        }
        Key {
            prefix: &self.prefix,
            kind,
            digits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_key_contains_the_handle_that_logs_show() {
        let handle = Handle::from_bytes(*b"0123456789abcdef");
        let keys = Keys::new("cs:");
        let key = keys.session(handle).to_redis_args().concat();
        assert_eq!(key, format!("cs:{handle}").into_bytes());
        assert_eq!(keys.handle(&key), Some(handle));
        assert_eq!(Keys::new("other:").handle(&key), None);
    }

    #[test]
    fn a_prefix_is_taken_by_its_letter_in_the_pattern_of_all_sessions() {
        let pattern = Keys::new("a*[b]\\:").sessions();
        assert_eq!(pattern, br"a\*\[b\]\\:[0-9a-f]*");
    }

    #[test]
    fn an_index_key_is_not_a_session_key() {
        let keys = Keys::new("cs:");
        let owner = certsession_core::Owner::principal("alice").unwrap().key();
        let index = keys.index(&owner).to_redis_args().concat();
        assert!(index.starts_with(b"cs:i:"));
        assert_eq!(index.len(), "cs:i:".len() + 2 * OWNER_BYTES);
    }
}

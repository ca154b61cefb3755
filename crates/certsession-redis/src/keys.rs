//! The names of keys on the server.

use certsession_core::{Handle, OwnerKey};

/// How much of an owner's key names its index. Two owners of one index would merely see each
/// other's entries, and what an entry says is checked against its record.
const OWNER_BYTES: usize = 16;

/// Makes the names of keys, all of which begin with one prefix.
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

    /// `PREFIX` and the handle as logs show it: the record of one session.
    pub(crate) fn session(&self, handle: Handle) -> Vec<u8> {
        self.name(b"", handle.as_bytes())
    }

    /// `PREFIXi:` and the beginning of the owner's hash: the sessions of one owner.
    pub(crate) fn index(&self, owner: &OwnerKey) -> Vec<u8> {
        self.name(b"i:", &owner.as_bytes()[..OWNER_BYTES])
    }

    /// The channel on which ends are told, by the names of the keys that went.
    pub(crate) fn ended(&self) -> Vec<u8> {
        [self.prefix.as_bytes(), b"ended"].concat()
    }

    /// The session that has this key.
    pub(crate) fn handle(&self, key: &[u8]) -> Option<Handle> {
        let text = key.strip_prefix(self.prefix.as_bytes())?;
        std::str::from_utf8(text).ok()?.parse().ok()
    }

    fn name(&self, kind: &[u8], bytes: &[u8]) -> Vec<u8> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let length = self.prefix.len() + kind.len() + 2 * bytes.len();
        let mut name = Vec::with_capacity(length);
        name.extend_from_slice(self.prefix.as_bytes());
        name.extend_from_slice(kind);
        for byte in bytes {
            name.push(DIGITS[usize::from(byte >> 4)]);
            name.push(DIGITS[usize::from(byte & 0xf)]);
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_found_by_the_handle_that_logs_show() {
        let handle = Handle::from_bytes(*b"0123456789abcdef");
        let key = Keys::new("cs:").session(handle);
        assert_eq!(key, format!("cs:{handle}").into_bytes());
        assert_eq!(Keys::new("cs:").handle(&key), Some(handle));
        assert_eq!(Keys::new("other:").handle(&key), None);
    }

    #[test]
    fn an_index_is_no_session() {
        let keys = Keys::new("cs:");
        let owner = certsession_core::Owner::principal("alice").unwrap().key();
        let index = keys.index(&owner);
        assert!(index.starts_with(b"cs:i:"));
        assert_eq!(index.len(), "cs:i:".len() + 2 * OWNER_BYTES);
    }
}

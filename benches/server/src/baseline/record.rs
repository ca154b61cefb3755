//! The stored data of a session.

/// How many bytes of a token are the handle, and how many the secret.
pub(super) const HANDLE: usize = 16;
pub(super) const SECRET: usize = 32;

/// The handle of a session.
pub(super) type Handle = [u8; HANDLE];

/// The stored data: the hash of the secret, then each key and its JSON text.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) token_hash: [u8; SECRET],
    data: Vec<(String, String)>,
}

impl Record {
    pub(super) const fn new(token_hash: [u8; SECRET]) -> Self {
        let data = Vec::new();
        Self { token_hash, data }
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let found = self.data.iter().find(|(name, _)| name == key);
        found.map(|(_, json)| json.as_str())
    }

    pub(super) fn set(&mut self, key: &str, json: String) {
        match self.data.iter_mut().find(|(name, _)| name == key) {
            Some((_, held)) => *held = json,
            None => self.data.push((key.to_owned(), json)),
        }
    }

    /// The token hash, then the texts, each preceded by its length.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1_024);
        bytes.extend_from_slice(&self.token_hash);
        for (key, json) in &self.data {
            for text in [key, json] {
                let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (token_hash, mut rest) = bytes.split_first_chunk()?;
        let mut record = Self::new(*token_hash);
        while !rest.is_empty() {
            let key = text(&mut rest)?;
            record.data.push((key, text(&mut rest)?));
        }
        Some(record)
    }
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let (length, after) = rest.split_first_chunk()?;
    let (text, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    Some(str::from_utf8(text).ok()?.to_owned())
}

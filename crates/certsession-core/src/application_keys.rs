//! Keys of the application's, which read the encrypted data of sessions without their tokens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, fs, io};

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding};

use crate::handle::Handle;
use crate::names::InvalidName;
use crate::record::Record;
use crate::seal::{DataKey, KeyName, Seal, Secret, WrappedKey};

/// A key of the application's: 32 random bytes with a short name.
///
/// `openssl rand -base64 32` makes one as text. There is no default, and no key is derived from a
/// password.
#[derive(Clone)]
pub struct ApplicationKey {
    name: KeyName,
    secret: [u8; Self::LENGTH],
}

impl ApplicationKey {
    /// How many bytes a key has.
    pub const LENGTH: usize = 32;

    /// Creates a key of these bytes, which have to be random, under a name that no other key has
    /// had: `2026-07`, for example. The name is public: each record says it.
    ///
    /// # Errors
    ///
    /// If there are not 32 bytes, they are all the same, or the name is empty, longer than 64 bytes
    /// or not of printable ASCII characters without spaces.
    pub fn new(name: &str, bytes: &[u8]) -> Result<Self, ApplicationKeyError> {
        let key = KeyName::new(name)?;
        let name = name.to_owned();
        let Ok(secret) = <[u8; Self::LENGTH]>::try_from(bytes) else {
            let found = bytes.len();
            return Err(ApplicationKeyError::Length { name, found });
        };
        if secret.iter().all(|byte| *byte == secret[0]) {
            return Err(ApplicationKeyError::NotRandom { name });
        }
        Ok(Self { name: key, secret })
    }

    /// Creates a key from its text: 64 hexadecimal digits, or 44 characters of base64 (43 without
    /// the padding), in the alphabet with `+` and `/` or in that with `-` and `_`. Spaces and line
    /// ends around it do not count.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and if it is no such text.
    pub fn from_text(name: &str, text: &str) -> Result<Self, ApplicationKeyError> {
        let text = text.trim_ascii();
        let bytes = match text.len() {
            64 => from_hex(text),
            44 => from_base64::<Base64, Base64Url>(text),
            43 => from_base64::<Base64Unpadded, Base64UrlUnpadded>(text),
            found => {
                let name = name.to_owned();
                return Err(ApplicationKeyError::TextLength { name, found });
            }
        };
        let bytes = bytes.ok_or_else(|| ApplicationKeyError::Text {
            name: name.to_owned(),
        })?;
        Self::new(name, &bytes)
    }

    /// Reads a key from a file that holds its [text](Self::from_text) and nothing else. Only the
    /// application should be able to read the file.
    ///
    /// # Errors
    ///
    /// As [`from_text`](Self::from_text), and if the file cannot be read.
    pub fn from_file(name: &str, path: impl AsRef<Path>) -> Result<Self, ApplicationKeyError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|source| ApplicationKeyError::File {
            name: name.to_owned(),
            path: path.to_owned(),
            source,
        })?;
        Self::from_text(name, &text)
    }

    /// The name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    fn secret(&self) -> Secret<'_> {
        Secret::ApplicationKey(&self.name, &self.secret)
    }
}

impl fmt::Debug for ApplicationKey {
    /// Shows the name alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApplicationKey({:?}, ..)", self.name())
    }
}

/// The keys of the application's for the data of its sessions
/// ([`encrypt_data_with`](crate::SessionManagerBuilder::encrypt_data_with)): the current one, which
/// encrypts, and older ones, which only decrypt.
///
/// ```
/// use certsession_core::{ApplicationKey, ApplicationKeys, MemoryStore, SessionManager};
///
/// # let (new, old) = ("9f".repeat(31) + "00", "8e".repeat(31) + "00");
/// let keys = ApplicationKeys::new(ApplicationKey::from_text("2026-07", &new)?)
///     .with_older(ApplicationKey::from_text("2026-01", &old)?)?;
/// let sessions = SessionManager::builder(MemoryStore::new()).encrypt_data_with(keys).build();
/// # Ok::<(), certsession_core::ApplicationKeyError>(())
/// ```
///
/// **To change the key**, give the new one to every process as an older one first, then make it the
/// current one everywhere, and keep the one before it as an older one. A session moves to the
/// current key in its next commit of any kind: a write, a new token, or a use that moves its idle
/// deadline. So the key before it can go one idle timeout after the last process has the new one as
/// its current key: the sessions that have not moved by then have ended.
///
/// **A key that is missing** makes the sessions under it errors (503), never empty ones; they are
/// back as soon as the key is.
#[derive(Clone, Debug)]
pub struct ApplicationKeys {
    current: ApplicationKey,
    older: Vec<ApplicationKey>,
}

impl ApplicationKeys {
    /// The keys of an application that has this one alone.
    pub const fn new(current: ApplicationKey) -> Self {
        let older = Vec::new();
        Self { current, older }
    }

    /// Adds a key that decrypts, and encrypts nothing new: one from before, or the next one.
    ///
    /// # Errors
    ///
    /// If there is a key of this name already.
    pub fn with_older(mut self, key: ApplicationKey) -> Result<Self, ApplicationKeyError> {
        if self.find(&key.name).is_some() {
            let name = key.name().to_owned();
            return Err(ApplicationKeyError::Duplicate { name });
        }
        self.older.push(key);
        Ok(self)
    }

    /// Decrypts the data of a record: every key with its JSON text. For jobs outside of the
    /// session's own requests, which have the record from the store, or from the store's bytes by
    /// [`Record::decode`]. A record that is not encrypted is read as it is.
    ///
    /// ```
    /// use certsession_core::test_util::SampleRecord;
    /// use certsession_core::{ApplicationKey, ApplicationKeys, Record};
    ///
    /// # let text = "9f".repeat(31) + "00";
    /// let keys = ApplicationKeys::new(ApplicationKey::from_text("2026-07", &text)?);
    /// # let record = SampleRecord::new(1).insert("cart", "[7]").encrypt_with(&keys).build();
    /// # let (handle, bytes) = (record.handle(), record.encode());
    /// let record = Record::decode(handle, &bytes)?;
    /// assert_eq!(keys.decrypt(&record)?["cart"], "[7]");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the data is encrypted under the session's token, or under a key that is not among these,
    /// or if the record was changed in the store. There is no half of the data then.
    pub fn decrypt(&self, record: &Record) -> Result<BTreeMap<String, String>, DecryptError> {
        let data_key = match record.seal.as_deref() {
            None => None,
            Some(Seal::Tokens { .. }) => return Err(DecryptError::UnderToken),
            Some(Seal::ApplicationKey { name, wrapped }) => {
                Some(self.unwrap(record.handle, name, wrapped)?)
            }
        };
        let mut values = BTreeMap::new();
        for (key, stored) in record.data.iter() {
            let json = match &data_key {
                None => Some(stored.to_vec()),
                Some(data_key) => data_key.open(record.handle, key.as_bytes(), stored),
            };
            let key = key.into_owned();
            let Some(json) = json else {
                return Err(DecryptError::Value { key });
            };
            values.insert(key, String::from_utf8_lossy(&json).into_owned());
        }
        Ok(values)
    }

    /// The data key of a session, under the current key; `None` never happens.
    pub(crate) fn wrap(&self, handle: Handle, data_key: &DataKey) -> Option<Arc<Seal>> {
        let name = self.current.name.clone();
        let wrapped = data_key.wrap(handle, self.current.secret())?;
        Some(Arc::new(Seal::ApplicationKey { name, wrapped }))
    }

    /// The data key of a session, from under the key of this name.
    pub(crate) fn unwrap(
        &self,
        handle: Handle,
        name: &KeyName,
        wrapped: &WrappedKey,
    ) -> Result<DataKey, DecryptError> {
        let key = self
            .find(name)
            .ok_or_else(|| DecryptError::unknown_key(name))?;
        let unwrapped = DataKey::unwrap(wrapped, handle, key.secret());
        unwrapped.ok_or_else(|| DecryptError::OtherKey {
            name: name.as_str().to_owned(),
        })
    }

    /// Whether this is the name of the current key.
    pub(crate) fn is_current(&self, name: &KeyName) -> bool {
        self.current.name == *name
    }

    fn find(&self, name: &KeyName) -> Option<&ApplicationKey> {
        let mut all = std::iter::once(&self.current).chain(&self.older);
        all.find(|key| key.name == *name)
    }
}

/// Why something is no [`ApplicationKey`]. It never holds what the key was read from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplicationKeyError {
    /// The name is no valid name.
    #[error("the name of an application key: {0}")]
    Name(#[from] InvalidName),
    /// It does not have 32 bytes.
    #[error("the application key {name:?} has {found} bytes, and a key has 32")]
    Length {
        /// The key's name.
        name: String,
        /// How many bytes there are.
        found: usize,
    },
    /// All of its bytes are the same: a buffer that nothing was written to, for example.
    #[error("the application key {name:?} is one byte over and over, and a key is random")]
    NotRandom {
        /// The key's name.
        name: String,
    },
    /// Its text has another length than a key of 32 bytes has in any form.
    #[error(
        "the text of the application key {name:?} has {found} characters; a key is 64 hexadecimal \
         digits, or 44 characters of base64: `openssl rand -base64 32` makes one"
    )]
    TextLength {
        /// The key's name.
        name: String,
        /// How many bytes the text has.
        found: usize,
    },
    /// Its text has the length of a key, and is neither hexadecimal nor base64.
    #[error(
        "the text of the application key {name:?} is neither 64 hexadecimal digits nor the base64 \
         of 32 bytes: `openssl rand -base64 32` makes one"
    )]
    Text {
        /// The key's name.
        name: String,
    },
    /// Its file cannot be read, or is not text.
    #[error("the file {} of the application key {name:?} cannot be read", path.display())]
    File {
        /// The key's name.
        name: String,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// There is another key of its name.
    #[error("there are two application keys {name:?}: a name stands for one key, for ever")]
    Duplicate {
        /// The name.
        name: String,
    },
}

/// Why the data of a record cannot be decrypted with [`ApplicationKeys`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// It is encrypted under the session's own token: only the session's requests read it.
    #[error("the data is encrypted under the session's token, which only its own requests have")]
    UnderToken,
    /// It is encrypted under a key that is not among these.
    #[error("the data is encrypted under the application key {name:?}, which is not given")]
    UnknownKey {
        /// The key's name.
        name: String,
    },
    /// The key of this name does not decrypt it: it is another key, or someone has changed the
    /// record.
    #[error("the application key {name:?} is not the one that the data is encrypted under")]
    OtherKey {
        /// The key's name.
        name: String,
    },
    /// Someone has changed a value in the store, or moved it there from another key or session.
    #[error("the value of {key:?} was changed in the store, or is of another key or session")]
    Value {
        /// The name of the session's key.
        key: String,
    },
}

impl DecryptError {
    pub(crate) fn unknown_key(name: &KeyName) -> Self {
        let name = name.as_str().to_owned();
        Self::UnknownKey { name }
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes = text.as_bytes().chunks_exact(2).map(|pair| {
        let value = 16 * digit(pair[0])? + digit(pair[1])?;
        u8::try_from(value).ok()
    });
    bytes.collect()
}

fn from_base64<Standard: Encoding, UrlSafe: Encoding>(text: &str) -> Option<Vec<u8>> {
    let decoded = Standard::decode_vec(text).or_else(|_| UrlSafe::decode_vec(text));
    decoded.ok()
}

#[cfg(test)]
mod tests;

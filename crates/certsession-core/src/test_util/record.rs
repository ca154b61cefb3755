//! Records without the rules.

use std::sync::Arc;
use std::time::Duration;

use super::SampleBinding;
use crate::application_keys::ApplicationKeys;
use crate::binding::Binding;
use crate::data::{Changes, Data};
use crate::handle::Handle;
use crate::principal::Principal;
use crate::random::RandomError;
use crate::record::Record;
use crate::revision::Revision;
use crate::seal::{DataKey, Seal};
use crate::stamp::Stamp;
use crate::time::{Clock, SystemClock, Timestamp};
use crate::token::TokenHash;

const IDLE: Duration = Duration::from_secs(30 * 60);
const ABSOLUTE: Duration = Duration::from_secs(12 * 60 * 60);

/// A record for tests of a store. Outside of tests only the rules create records.
///
/// ```
/// use certsession_core::test_util::SampleRecord;
///
/// let record = SampleRecord::new(1).principal("alice").insert("cart", "[7]").build();
/// assert_eq!(record.principal().map(|alice| alice.as_str()), Some("alice"));
/// assert_eq!(record.data().get("cart"), Some(&b"[7]"[..]));
/// ```
#[derive(Clone, Debug)]
pub struct SampleRecord(Record);

impl SampleRecord {
    /// Creates an anonymous record without data, as if the session began now. The number determines
    /// its handle, its token and its [certificate](SampleBinding::new). It ends after 30 minutes
    /// without use, and after 12 hours.
    pub fn new(number: u32) -> Self {
        let now = SystemClock.now();
        let record = Record {
            handle: handle(number),
            revision: revision(),
            token_hash: first_token_hash(number),
            previous: None,
            epoch: 0,
            created_at: now,
            token_issued_at: now,
            last_seen_at: now,
            idle_deadline: now + IDLE,
            absolute_deadline: now + ABSOLUTE,
            binding: Some(SampleBinding::new(number).build()),
            principal: None,
            details: None,
            seal: None,
            data: Data::default(),
            stamp: Stamp::default(),
        };
        Self(record)
    }

    /// Sets when the session began. Its deadlines move along.
    #[must_use]
    pub fn created_at(mut self, now: Timestamp) -> Self {
        self.0.created_at = now;
        self.0.token_issued_at = now;
        self.0.last_seen_at = now;
        self.0.idle_deadline = now + IDLE;
        self.0.absolute_deadline = now + ABSOLUTE;
        self
    }

    /// Sets both deadlines.
    #[must_use]
    pub const fn expires_at(mut self, deadline: Timestamp) -> Self {
        self.0.idle_deadline = deadline;
        self.0.absolute_deadline = deadline;
        self
    }

    /// Sets only the idle deadline. It must be before the absolute one.
    #[must_use]
    pub const fn idle_deadline(mut self, deadline: Timestamp) -> Self {
        self.0.idle_deadline = deadline;
        self
    }

    /// Signs a principal in.
    ///
    /// # Panics
    ///
    /// If the name is not a valid principal.
    #[must_use]
    pub fn principal(mut self, name: &str) -> Self {
        self.0.principal = Some(principal(name));
        self
    }

    /// Binds the record to another certificate.
    #[must_use]
    pub fn bound_to(mut self, binding: &Arc<Binding>) -> Self {
        self.0.binding = Some(Arc::clone(binding));
        self
    }

    /// Makes it a record of a session that began without a certificate.
    #[must_use]
    pub fn unbound(mut self) -> Self {
        self.0.binding = None;
        self
    }

    /// Writes a JSON text under a key.
    #[must_use]
    pub fn insert(mut self, key: &str, json: &str) -> Self {
        let mut changes = Changes::default();
        changes.insert(key.to_owned().into(), json.as_bytes().into());
        self.0.data = self.0.data.apply(&changes);
        self
    }

    /// Encrypts what was inserted so far, under the current one of these keys.
    ///
    /// # Panics
    ///
    /// If the operating system has no random numbers.
    #[must_use]
    pub fn encrypt_with(mut self, keys: &ApplicationKeys) -> Self {
        let Self(record) = &mut self;
        let (seal, sealed) = match encrypted(record, keys) {
            Ok(encrypted) => encrypted,
            Err(error) => panic!("{error}"),
        };
        record.seal = Some(seal);
        record.data = record.data.apply(&sealed);
        self
    }

    /// Builds the record.
    pub fn build(self) -> Arc<Record> {
        Arc::new(self.0)
    }
}

fn encrypted(record: &Record, keys: &ApplicationKeys) -> Result<(Arc<Seal>, Changes), RandomError> {
    let data_key = DataKey::generate()?;
    let seal = keys.wrap(record.handle, &data_key).ok_or(RandomError)?;
    let mut sealed = Changes::default();
    for (name, json) in record.data.iter() {
        let json = data_key.seal(record.handle, name.as_bytes(), json)?;
        sealed.insert(name.into_owned().into(), json);
    }
    Ok((seal, sealed))
}

/// The first byte differs between consecutive numbers, like that of random handles: a store may
/// distribute its records by it.
fn handle(number: u32) -> Handle {
    let mut bytes = [0; Handle::LENGTH];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    Handle::from_bytes(bytes)
}

fn first_token_hash(number: u32) -> TokenHash {
    let mut bytes = [0xf1; TokenHash::LENGTH];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    TokenHash::from_bytes(bytes)
}

pub(super) fn revision() -> Revision {
    match Revision::fresh() {
        Ok(revision) => revision,
        Err(error) => panic!("{error}"),
    }
}

pub(super) fn principal(name: &str) -> Principal {
    match Principal::new(name) {
        Ok(principal) => principal,
        Err(error) => panic!("{name:?} is not a valid principal of a sample: {error}"),
    }
}

//! The record that a store keeps of a session.

mod codec;
mod details_codec;
mod summary;

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::binding::Binding;
use crate::data::{Data, DecodeError, Key, decode};
use crate::details::{Details, Device, Elevation};
use crate::handle::Handle;
use crate::lifetimes::Lifetimes;
use crate::names::{AuthMethod, Role};
use crate::principal::Principal;
use crate::revision::Revision;
use crate::seal::Seal;
use crate::stamp::Stamp;
use crate::time::Timestamp;
use crate::token::TokenHash;

pub use codec::UnreadableRecord;
pub use summary::SessionSummary;

/// The record that a store keeps of a session. It holds no usable token.
///
/// Only the [`SessionManager`](crate::SessionManager) creates records; a store keeps them unchanged
/// and modifies them only with [`Record::apply`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub(crate) handle: Handle,
    pub(crate) revision: Revision,
    pub(crate) token_hash: TokenHash,
    pub(crate) previous: Option<PreviousTokenHash>,
    pub(crate) epoch: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) token_issued_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) idle_deadline: Timestamp,
    pub(crate) absolute_deadline: Timestamp,
    /// `None` if the session began without a certificate, and none has been presented yet.
    pub(crate) binding: Option<Arc<Binding>>,
    pub(crate) principal: Option<Principal>,
    /// What the sign-in and the device said beyond that; `None` if nothing.
    pub(crate) details: Option<Arc<Details>>,
    /// The wrapped key of the data; `None` if the data is not encrypted.
    pub(crate) seal: Option<Arc<Seal>>,
    pub(crate) data: Data,
    pub(crate) stamp: Stamp,
}

/// The hash of a renewed token, and the end of its grace period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PreviousTokenHash {
    pub(crate) token_hash: TokenHash,
    pub(crate) until: Timestamp,
}

/// The status of a token hash in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenStatus {
    /// The hash of the current token.
    Current,
    /// The hash of the previous token, within its grace period.
    InGrace,
    /// Any other hash.
    Unknown,
}

impl Record {
    /// The public name of the session.
    pub const fn handle(&self) -> Handle {
        self.handle
    }

    /// Identifies the current state of the record.
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// How many sign-ins the session has had since it began, and whether it was bound to a
    /// certificate after that; a rotation does not count.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// When the session began, or when its principal signed in.
    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When the session was last used, accurate to the touch interval.
    pub const fn last_seen_at(&self) -> Timestamp {
        self.last_seen_at
    }

    /// When the session ends if it is not used again. Never after the absolute deadline.
    pub const fn idle_deadline(&self) -> Timestamp {
        self.idle_deadline
    }

    /// When the session ends at the latest.
    pub const fn absolute_deadline(&self) -> Timestamp {
        self.absolute_deadline
    }

    /// The certificate that the session is bound to. `None` if the session began without one
    /// ([`BindWhenPresent`](crate::BindWhenPresent)): such a session has no principal.
    pub fn binding(&self) -> Option<&Binding> {
        self.binding.as_deref()
    }

    /// The signed-in principal, if there is one.
    pub const fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// How the principal authenticated at the sign-in, as [`SignIn::method`](crate::SignIn::method)
    /// gave it.
    pub fn methods(&self) -> &[AuthMethod] {
        self.details().map_or(&[], |it| &it.sign_in.methods)
    }

    /// What the principal may do.
    pub fn roles(&self) -> &[Role] {
        self.details().map_or(&[], |it| &it.sign_in.roles)
    }

    /// Who really acts in the principal's name: an administrator, for example.
    pub fn actor(&self) -> Option<&Principal> {
        self.details()?.sign_in.actor.as_ref()
    }

    /// When the principal last authenticated: at the sign-in, or for an elevation after it. `None`
    /// if no principal is signed in.
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.principal()?;
        let elevated_at = self.latest_elevation().map(Elevation::at);
        Some(elevated_at.map_or(self.created_at, |at| at.max(self.created_at)))
    }

    /// The elevation that is in force.
    pub fn elevation(&self, now: Timestamp) -> Option<&Elevation> {
        self.latest_elevation().filter(|it| now < it.until)
    }

    /// What is known of the device; nothing unless the application describes it.
    pub fn device(&self) -> Option<&Device> {
        self.details().map(|it| &it.device)
    }

    /// Whether the cookie of the session outlives the browser.
    pub(crate) fn is_persistent(&self) -> bool {
        self.details().is_some_and(|it| it.sign_in.is_persistent)
    }

    /// The lifetimes of the session: those that its sign-in set, or else the rules'.
    pub(crate) fn lifetimes<'l>(&'l self, of_rules: &'l Lifetimes) -> &'l Lifetimes {
        let of_sign_in = self.details().and_then(|it| it.sign_in.lifetimes.as_ref());
        of_sign_in.unwrap_or(of_rules)
    }

    /// What varies of the room that the record takes, in bytes.
    pub(crate) fn kept_size(&self) -> usize {
        self.data.size() + self.details().map_or(0, Details::size)
    }

    fn latest_elevation(&self) -> Option<&Elevation> {
        self.details()?.elevation.as_ref()
    }

    fn details(&self) -> Option<&Details> {
        self.details.as_deref()
    }

    /// The value of a key, for a list of sessions for example.
    ///
    /// # Errors
    ///
    /// If the stored value is not of the key's type, or is encrypted: the session itself reads it
    /// then, and [`ApplicationKeys::decrypt`](crate::ApplicationKeys::decrypt) where it is encrypted
    /// under a key of the application's.
    pub fn get<T: DeserializeOwned>(&self, key: &Key<T>) -> Result<Option<T>, DecodeError> {
        let json = self.data.get(key.name());
        if let (Some(json), true) = (json, self.is_encrypted()) {
            let problem = match self.seal.as_deref() {
                Some(Seal::ApplicationKey { .. }) => {
                    "it is encrypted; the application's keys read it"
                }
                _ => "it is encrypted, and only its own session can read it",
            };
            return Err(DecodeError::of::<T>(key.name(), json, problem));
        }
        json.map(|json| decode(key, json)).transpose()
    }

    /// Whether the values of the data are encrypted. Names, sizes and everything else are not.
    pub const fn is_encrypted(&self) -> bool {
        self.seal.is_some()
    }

    /// The application's data.
    pub const fn data(&self) -> &Data {
        &self.data
    }

    /// The record with the stamp of the store that loaded it: what the store knows this state by,
    /// in whatever form it likes (a version, an update time, an etag, the record's own bytes). It
    /// travels with the record to the [commit](crate::Commit::loaded), so that a store whose
    /// conditional writes ask for it need not load the record again. It is neither encoded nor compared, and what
    /// [`apply`](Self::apply) makes has none.
    ///
    /// ```
    /// use certsession_core::test_util::SampleRecord;
    ///
    /// let record = SampleRecord::new(1).build();
    /// let loaded = (*record).clone().with_stamp(*b"version 7");
    /// assert_eq!(loaded.stamp(), Some(&b"version 7"[..]));
    /// assert_eq!(loaded, *record);
    /// ```
    #[must_use]
    pub fn with_stamp(mut self, stamp: impl Into<Box<[u8]>>) -> Self {
        self.stamp = Stamp::new(stamp.into());
        self
    }

    /// The stamp of the store that loaded the record, if it gave one.
    pub fn stamp(&self) -> Option<&[u8]> {
        self.stamp.get()
    }

    /// Whether the session has expired. A store never returns an expired record.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.idle_deadline || now >= self.absolute_deadline
    }

    pub(crate) fn token_status(&self, token_hash: &TokenHash, now: Timestamp) -> TokenStatus {
        if self.token_hash == *token_hash {
            return TokenStatus::Current;
        }
        match &self.previous {
            Some(previous) if previous.token_hash == *token_hash && now < previous.until => {
                TokenStatus::InGrace
            }
            _ => TokenStatus::Unknown,
        }
    }
}

//! What a list shows of a session.

use std::sync::Arc;

use super::Record;
use crate::binding::Binding;
use crate::details::{Details, Device};
use crate::handle::Handle;
use crate::names::{AuthMethod, Role};
use crate::principal::Principal;
use crate::revision::Revision;
use crate::time::Timestamp;

/// What a list shows of a session: its record without the data and the hashes of its tokens, so
/// that a list of many sessions is small however much they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSummary {
    pub(crate) handle: Handle,
    pub(crate) revision: Revision,
    pub(crate) epoch: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) idle_deadline: Timestamp,
    pub(crate) absolute_deadline: Timestamp,
    pub(crate) binding: Option<Arc<Binding>>,
    pub(crate) principal: Option<Principal>,
    details: Option<Arc<Details>>,
}

impl SessionSummary {
    /// The public name of the session.
    pub const fn handle(&self) -> Handle {
        self.handle
    }

    /// Identifies the state of the record that this is of.
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// How many sign-ins the session has had since it began, and whether it was bound to a
    /// certificate after that.
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

    /// When the session ends if it is not used again.
    pub const fn idle_deadline(&self) -> Timestamp {
        self.idle_deadline
    }

    /// When the session ends at the latest.
    pub const fn absolute_deadline(&self) -> Timestamp {
        self.absolute_deadline
    }

    /// The certificate that the session is bound to; `None` if it began without one
    /// ([`BindWhenPresent`](crate::BindWhenPresent)).
    pub fn binding(&self) -> Option<&Binding> {
        self.binding.as_deref()
    }

    /// The signed-in principal, if there is one.
    pub const fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// How the principal authenticated at the sign-in.
    pub fn methods(&self) -> &[AuthMethod] {
        self.details().map_or(&[], |it| &it.sign_in.methods)
    }

    /// What the principal may do.
    pub fn roles(&self) -> &[Role] {
        self.details().map_or(&[], |it| &it.sign_in.roles)
    }

    /// Who really acts in the principal's name.
    pub fn actor(&self) -> Option<&Principal> {
        self.details()?.sign_in.actor.as_ref()
    }

    /// What is known of the device; nothing unless the application describes it.
    pub fn device(&self) -> Option<&Device> {
        self.details().map(|it| &it.device)
    }

    fn details(&self) -> Option<&Details> {
        self.details.as_deref()
    }

    /// Whether the session has expired.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.idle_deadline || now >= self.absolute_deadline
    }
}

impl From<&Record> for SessionSummary {
    fn from(record: &Record) -> Self {
        Self {
            handle: record.handle,
            revision: record.revision,
            epoch: record.epoch,
            created_at: record.created_at,
            last_seen_at: record.last_seen_at,
            idle_deadline: record.idle_deadline,
            absolute_deadline: record.absolute_deadline,
            binding: record.binding.clone(),
            principal: record.principal.clone(),
            details: record.details.clone(),
        }
    }
}

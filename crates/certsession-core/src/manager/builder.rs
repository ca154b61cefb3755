//! The builder of a manager.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::SessionManager;
use super::measured::Measured;
use crate::application_keys::ApplicationKeys;
use crate::bind_when_present::CertificatePolicy;
use crate::binding::{BindingPolicy, RenewedBy};
use crate::event::EventSink;
use crate::lifetimes::Lifetimes;
use crate::revocation::RevocationList;
use crate::rules::{Encryption, OnReplay, Rules};
use crate::store::{Admission, SessionStore};
use crate::time::Clock;
use crate::token::Realm;

/// Configures and builds a [`SessionManager`](super::SessionManager); see
/// [`SessionManager::builder`](super::SessionManager::builder).
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct SessionManagerBuilder<S> {
    store: S,
    rules: Rules,
}

impl<S: SessionStore> SessionManager<S> {
    /// Creates a manager with the default rules.
    pub fn new(store: S) -> Self {
        Self::builder(store).build()
    }

    /// Returns a builder to configure the rules. Every setting has a default.
    pub fn builder(store: S) -> SessionManagerBuilder<S> {
        SessionManagerBuilder::new(store)
    }
}

impl<S: SessionStore> From<S> for SessionManager<S> {
    fn from(store: S) -> Self {
        Self::new(store)
    }
}

impl<S> SessionManagerBuilder<S> {
    pub(crate) fn new(store: S) -> Self {
        let rules = Rules::default();
        Self { store, rules }
    }

    /// Sets the session lifetimes. Default: [`Lifetimes::default`].
    pub fn lifetimes(mut self, lifetimes: Lifetimes) -> Self {
        self.rules.lifetimes = lifetimes;
        self
    }

    /// Sets whether a session may begin without a certificate. Default:
    /// [`CertificatePolicy::Required`].
    ///
    /// ```
    /// use certsession_core::{BindWhenPresent, Key, MemoryStore, SessionManager};
    ///
    /// const CART: Key<Vec<u32>> = Key::new("cart");
    /// let sessions = SessionManager::builder(MemoryStore::new())
    ///     .certificate(BindWhenPresent::new().carry(&CART))
    ///     .build();
    /// ```
    pub fn certificate(mut self, policy: impl Into<CertificatePolicy>) -> Self {
        self.rules.certificate = policy.into();
        self
    }

    /// Sets which certificates may use a session. Default: [`BindingPolicy::Certificate`].
    pub fn binding(mut self, policy: BindingPolicy) -> Self {
        self.rules.binding = policy;
        self
    }

    /// Who may have issued a renewed certificate that the session follows. Default:
    /// [`RenewedBy::SameCa`].
    pub fn renewed_by(mut self, renewed_by: RenewedBy) -> Self {
        self.rules.renewed_by = renewed_by;
        self
    }

    /// Sets what happens when a replaced token is used again. Default: [`OnReplay::Refuse`].
    pub fn on_replay(mut self, on_replay: OnReplay) -> Self {
        self.rules.on_replay = on_replay;
        self
    }

    /// Sets how many sessions a principal may have. Default: no limit.
    pub fn admission(mut self, admission: Admission) -> Self {
        self.rules.admission = Some(admission);
        self
    }

    /// Sets how many live sessions a certificate may have, signed in or not; `None` for any number.
    /// Beyond that the oldest end
    /// ([`RevocationReason::Evicted`](crate::RevocationReason::Evicted)). Default: 1,000.
    ///
    /// It bounds what one client can take up in the store, as an [admission](Self::admission) limit
    /// does only for sessions with a principal. It is not exact: with a limit of 256 or more, one
    /// creation in sixteen looks, so that a certificate may have some tens of sessions more for a
    /// while, and then an eighth of its sessions end at once. Raise it where many people share a
    /// certificate.
    pub fn certificate_limit(mut self, limit: impl Into<Option<NonZeroUsize>>) -> Self {
        self.rules.certificate_limit = limit.into();
        self
    }

    /// Sets the maximum data size of one session, in bytes. It is less where the store cannot keep
    /// as much ([`SessionStore::max_record_size`]). Default: 64 KiB.
    pub fn max_data_size(mut self, bytes: usize) -> Self {
        self.rules.max_data_size = bytes;
        self
    }

    /// Encrypts the data of the sessions that begin from now on, with AES-256-GCM under a random key
    /// for each session. The record keeps that key wrapped under the secret of the session's token,
    /// of which the store knows a hash alone: who reads the store, or a dump of it, reads no value,
    /// and there is no key to manage or to lose. A session that is in the store already stays as it
    /// is until it ends. Default: the data is not encrypted.
    ///
    /// The names of keys, the sizes of values, the principal, roles, device, times and certificate
    /// stay readable, since lists and revocations need them. Outside of the session's own requests,
    /// [`Record::get`](crate::Record::get) reads no value;
    /// [`encrypt_data_with`](Self::encrypt_data_with) is for an application that has to. Of the two
    /// calls the last one decides.
    pub fn encrypt_data(mut self) -> Self {
        self.rules.encryption = Encryption::UnderToken;
        self
    }

    /// As [`encrypt_data`](Self::encrypt_data), but wraps the key of a session under a key of the
    /// application's, so that the application reads the data outside of the session's own requests
    /// too: [`ApplicationKeys::decrypt`]. Who reads the store alone still reads no value; who has
    /// the key and the store reads all of them. Default: there are no such keys.
    ///
    /// [`ApplicationKeys`] says how a key is changed. A session that is in the store already stays
    /// as it is until it ends: not encrypted, or under its own token. Conversely, a session under an
    /// application key needs these keys until it ends: to go over to `encrypt_data`, call that after
    /// this, and leave this out once those sessions have ended (the absolute timeout).
    pub fn encrypt_data_with(mut self, keys: ApplicationKeys) -> Self {
        let keys = Arc::new(keys);
        self.rules.application_keys = Some(Arc::clone(&keys));
        self.rules.encryption = Encryption::UnderApplicationKey(keys);
        self
    }

    /// Sets the list of revoked certificates, for example one shared with the TLS configuration.
    /// Default: a new, empty list, which
    /// [`revoke_certificate`](super::SessionManager::revoke_certificate) adds to.
    pub fn revocations(mut self, list: &RevocationList) -> Self {
        self.rules.revocations = list.clone();
        self.rules.to_end = list.subscribe().into();
        self
    }

    /// Sets the clock. Default: [`SystemClock`](crate::SystemClock).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.rules.clock = Box::new(clock);
        self
    }

    /// Sets the receiver of events besides `tracing`. Default: none.
    pub fn event_sink(mut self, sink: impl EventSink) -> Self {
        self.rules.event_sink = Some(Box::new(sink));
        self
    }

    /// Builds the manager.
    pub fn build(mut self) -> SessionManager<S>
    where
        S: SessionStore,
    {
        self.rules.max_record_size = self.store.max_record_size();
        SessionManager {
            store: Arc::new(Measured(self.store)),
            rules: Arc::new(self.rules),
            realm: Realm::default(),
        }
    }
}

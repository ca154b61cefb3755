//! Configuration of the rules.

use std::sync::Arc;

use super::end_notifier::EndNotifier;
use crate::binding::BindingPolicy;
use crate::event::{EventSink, SessionEvent};
use crate::lifetimes::Lifetimes;
use crate::revocation::{OwnedRevocations, RevocationList};
use crate::store::Admission;
use crate::time::{Clock, SystemClock};

/// What happens when a replaced token is used again under the bound certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnReplay {
    /// The token is refused, and the session continues. This is the default, because requests in
    /// flight during a token change look the same.
    #[default]
    Refuse,
    /// The token is refused, and the session ends: the owner must sign in again. Any secret other
    /// than the accepted ones counts as a replay, even one that was never issued. So an attacker
    /// who can plant a cookie in the owner's browser can end the session.
    EndSession,
}

/// The application's configuration; all defaults are visible here.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) lifetimes: Lifetimes,
    pub(crate) binding: BindingPolicy,
    pub(crate) on_replay: OnReplay,
    pub(crate) admission: Option<Admission>,
    pub(crate) max_data_size: usize,
    pub(crate) revocations: RevocationList,
    /// Revoked certificates whose sessions have not been ended yet.
    pub(crate) to_end: OwnedRevocations,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) event_sink: Option<Box<dyn EventSink>>,
    /// Notifies the watchers of a session.
    pub(crate) end_notifier: EndNotifier,
}

impl Default for Rules {
    fn default() -> Self {
        let revocations = RevocationList::new();
        Self {
            to_end: revocations.subscribe().into(),
            revocations,
            lifetimes: Lifetimes::default(),
            binding: BindingPolicy::Certificate,
            on_replay: OnReplay::Refuse,
            admission: None,
            max_data_size: 64 << 10,
            clock: Box::new(SystemClock),
            event_sink: None,
            end_notifier: EndNotifier::default(),
        }
    }
}

impl Rules {
    pub(crate) fn emit(&self, event: SessionEvent) {
        event.trace();
        self.end_notifier.notify(&event);
        if let Some(sink) = &self.event_sink {
            sink.record(&event);
        }
    }
}

/// Configures and builds a [`SessionManager`](super::SessionManager); see
/// [`SessionManager::builder`](super::SessionManager::builder).
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct SessionManagerBuilder<S> {
    store: S,
    rules: Rules,
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

    /// Sets which certificates may use a session. Default: [`BindingPolicy::Certificate`].
    pub fn binding(mut self, policy: BindingPolicy) -> Self {
        self.rules.binding = policy;
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

    /// Sets the maximum data size of one session, in bytes. Default: 64 KiB.
    pub fn max_data_size(mut self, bytes: usize) -> Self {
        self.rules.max_data_size = bytes;
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

    /// Sets the clock. Default: [`SystemClock`].
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
    pub fn build(self) -> super::SessionManager<S> {
        super::SessionManager {
            store: Arc::new(self.store),
            rules: Arc::new(self.rules),
        }
    }
}

//! A session to be watched after the request.

use std::sync::Arc;

use super::Session;
use crate::certificate::PeerCertificate;
use crate::handle::Handle;

/// A session as it was when a request opened it, to be checked with
/// [`SessionManager::is_active`](crate::SessionManager::is_active).
#[derive(Clone, Debug)]
pub struct SessionWatch {
    pub(crate) handle: Handle,
    pub(crate) epoch: u64,
    pub(crate) peer: Option<Arc<PeerCertificate>>,
}

impl Session {
    /// Returns the session, to be watched after the request; `None` if there is none yet.
    pub fn watch(&self) -> Option<SessionWatch> {
        let base = self.base.as_ref()?;
        Some(SessionWatch {
            handle: base.record.handle,
            epoch: base.record.epoch,
            peer: self.peer.clone(),
        })
    }
}

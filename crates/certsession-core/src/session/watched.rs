//! A session as somebody watches it after the request.

use std::sync::Arc;

use super::Session;
use crate::certificate::PeerCertificate;
use crate::handle::Handle;

/// A session as it was when a request opened it, for
/// [`SessionManager::still_stands`](crate::SessionManager::still_stands).
#[derive(Clone, Debug)]
pub struct Watched {
    pub(crate) handle: Handle,
    pub(crate) epoch: u64,
    pub(crate) peer: Arc<PeerCertificate>,
}

impl Session {
    /// The session, to be watched after the request; `None` where there is none, or none yet.
    pub fn watched(&self) -> Option<Watched> {
        let base = self.base.as_ref()?;
        Some(Watched {
            handle: base.record.handle,
            epoch: base.record.epoch,
            peer: Arc::clone(self.peer.as_ref()?),
        })
    }
}

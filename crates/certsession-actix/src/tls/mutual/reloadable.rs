//! What can change while a server runs: its identity, the client CAs, the revocation lists.

use std::any::Any;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;

use super::MutualTlsError;
use super::identity::ServerIdentity;

/// What is read from files, for one TLS stack.
pub(super) struct Parts {
    pub(super) identity: ServerIdentity,
    pub(super) client_cas: Vec<CertificateDer<'static>>,
}

/// A TLS configuration whose parts can be replaced. Connections that are open stay open: the new
/// parts are for handshakes that begin afterwards.
pub(super) trait ReloadableConfig: Send + Sync {
    /// Takes new parts, all in one step, or none.
    fn replace(&self, parts: Parts) -> Result<(), MutualTlsError>;

    /// Verifies the certificate of a resumed connection, as a full handshake would do now. True
    /// if it holds, and if the connection is not a resumed one.
    fn reverify(&self, connection: &dyn Any) -> bool;
}

/// As the hook holds it.
pub(super) type SharedConfig = Arc<dyn ReloadableConfig>;

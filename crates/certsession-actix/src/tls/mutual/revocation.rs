//! Asks the list of revoked certificates in the handshake.
//!
//! Not by the stacks' own support for such lists: with it a list would take effect only by a
//! new configuration, and each handshake would cost more the longer the list is.

use certsession_core::{Clock, PeerCertificate, RevocationList, RevocationStatus, SystemClock};

/// Why a handshake goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    Revoked,
    Unknown,
}

/// A leaf that does not parse is not judged here: it is let in as *rejected*, and each of its
/// requests is refused.
pub(super) fn check(list: Option<&RevocationList>, leaf: &[u8]) -> Result<(), Denied> {
    let Some(list) = list else { return Ok(()) };
    let Ok(leaf) = PeerCertificate::from_der(leaf) else {
        return Ok(());
    };
    match list.status(&leaf, SystemClock.now()) {
        RevocationStatus::Good => Ok(()),
        RevocationStatus::Revoked => Err(Denied::Revoked),
        _ => Err(Denied::Unknown),
    }
}

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Revoked => "the certificate is revoked",
            Self::Unknown => "the revocation list of its issuer is overdue",
        })
    }
}

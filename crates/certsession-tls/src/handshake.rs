//! What both stacks do with a client certificate in a handshake: ask whether it is revoked, and
//! say in the log why it was refused.
//!
//! Revocation does not use the stacks' own support for lists: with it a list would take effect
//! only by a new configuration, and each handshake would cost more the longer the list is.

use std::collections::VecDeque;
use std::fmt::{self, Display};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use certsession_core::{
    CertificateError, PeerCertificate, PeerState, PresentedCertificate, RevocationList,
    RevocationStatus, Timestamp, TrustAnchor, ValidityError,
};

use crate::settings::Settings;

/// Why a handshake with a certificate that the stack has verified goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    Revoked,
    Unknown,
    /// Its key is for something else: OpenSSL refuses it, rustls would not.
    NotForAuthentication(CertificateError),
    /// The client CA that verifies it has expired since it was loaded: OpenSSL refuses it, rustls
    /// would not.
    #[cfg(feature = "rustls-0_23")]
    CaExpired,
    /// A CA between the leaf and the client CA has a key usage without keyCertSign: OpenSSL refuses
    /// it, rustls would not.
    #[cfg(feature = "rustls-0_23")]
    IntermediateMayNotSign,
    /// Keys are pinned, and its key is none of them.
    OtherKey,
    /// Its key is pinned, but the certificate has expired or is not yet valid.
    NotValid(ValidityError),
    /// A certificate spells its issuer otherwise than that one spells itself: rustls refuses it,
    /// OpenSSL would not.
    #[cfg(feature = "openssl")]
    SpeltOtherwise,
}

/// Judges a leaf that the stack has verified up to this trust anchor: parses it, and asks the list.
///
/// A leaf that does not parse passes the handshake as *rejected*, and each of its requests is
/// refused: a client then sees a 403, and not a failed connection.
pub(crate) fn judge(
    list: Option<&RevocationList>,
    leaf: &[u8],
    anchor: Option<TrustAnchor>,
    now: Timestamp,
) -> Result<Leaf, Denied> {
    let certificate = match PeerCertificate::from_der(leaf) {
        Ok(certificate) => certificate,
        Err(error) => return Ok(Leaf(Err(error.of(leaf)))),
    };
    if let Err(error) = certificate.check_key_usage() {
        return Err(Denied::NotForAuthentication(error));
    }
    let certificate = match anchor {
        Some(anchor) => certificate.verified_by(anchor),
        None => certificate,
    };
    let status = match list {
        Some(list) => list.status(&certificate, now),
        None => RevocationStatus::Good,
    };
    match status {
        RevocationStatus::Good => Ok(Leaf(Ok(Arc::new(certificate)))),
        RevocationStatus::Revoked => Err(Denied::Revoked),
        _ => Err(Denied::Unknown),
    }
}

/// Judges a leaf where keys are pinned: by its key, its dates and the list. Who issued it does not
/// matter, as the client has proved to hold the key.
pub(crate) fn judge_pinned(settings: &Settings, leaf: &[u8]) -> Result<Leaf, Denied> {
    let now = settings.clock.now();
    let judged = judge(settings.revocations.as_ref(), leaf, None, now)?;
    let Ok(certificate) = &judged.0 else {
        // What cannot be read has no known key.
        return Err(Denied::OtherKey);
    };
    if !settings.client_keys.contains(certificate.public_key_hash()) {
        return Err(Denied::OtherKey);
    }
    match certificate.check_validity(now) {
        Ok(()) => Ok(judged),
        Err(error) => Err(Denied::NotValid(error)),
    }
}

/// Why a certificate is refused that no handshake has verified.
pub(crate) const UNVERIFIED_CHAIN: CertificateError = CertificateError::Forwarded {
    reason: "it does not verify against the client CAs: configure the CA that issued it, and the \
             intermediates between the two if the proxy does not forward them",
};

/// The peer of a leaf whose chain was verified up to this trust anchor, outside of a handshake. The
/// rules ask the revocation list on each request.
pub(crate) fn accept_chain(leaf: &[u8], anchor: TrustAnchor) -> PeerState {
    PeerState::from_leaf(Some(leaf)).verified_by(anchor)
}

/// A leaf that was verified in a handshake, parsed.
#[derive(Clone, Debug)]
pub(crate) struct Leaf(Result<Arc<PeerCertificate>, CertificateError>);

impl Leaf {
    pub(crate) fn into_state(self) -> PeerState {
        match self.0 {
            Ok(certificate) => PeerState::Verified(certificate),
            Err(error) => PeerState::Rejected(error),
        }
    }
}

/// The leaves that handshakes have just verified, until the finished connection is asked for
/// its peer: so a leaf is parsed once for each connection. An entry is also the proof that the
/// verifier of this configuration has run.
#[derive(Debug, Default)]
pub(crate) struct VerifiedLeaves(Mutex<VecDeque<Arc<PeerCertificate>>>);

impl VerifiedLeaves {
    /// How many handshakes may be between their verification and their end. Beyond that the
    /// oldest leaf is dropped, and verified again when it is asked for.
    const CAPACITY: usize = 256;

    pub(crate) fn put(&self, leaf: &Leaf) {
        let Ok(certificate) = &leaf.0 else { return };
        let mut leaves = self.lock();
        if leaves.len() == Self::CAPACITY {
            leaves.pop_front();
        }
        leaves.push_back(Arc::clone(certificate));
    }

    /// Takes the certificate with this DER out.
    pub(crate) fn take(&self, der: &[u8]) -> Option<Arc<PeerCertificate>> {
        let mut leaves = self.lock();
        let is_it = |certificate: &Arc<PeerCertificate>| certificate.der() == der;
        let position = leaves.iter().rposition(is_it)?;
        leaves.remove(position)
    }

    /// A panic elsewhere leaves whole entries.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<PeerCertificate>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs a refused client certificate as one warning, target `certsession::tls`.
///
/// Adapters and servers drop handshake errors without a message, so that a user who cannot get
/// in, and an attacker who tries, would both leave no trace. The certificate is named by
/// fingerprint and serial number alone: its names come from an unverified client, who may have sent
/// a very large one.
pub(crate) fn client_refused(stack: &'static str, leaf: Option<&[u8]>, reason: &dyn Display) {
    #[cfg(feature = "metrics")]
    crate::meter::handshake_refused(stack);
    let presented = leaf.map(PresentedCertificate::of);
    let presented = presented.as_ref();
    match presented.and_then(|it| Some((it.fingerprint(), it.serial()?))) {
        Some((fingerprint, serial)) => tracing::warn!(
            target: "certsession::tls",
            stack,
            %reason,
            sha256 = %fingerprint,
            %serial,
            "a client certificate was refused in the TLS handshake",
        ),
        _ => tracing::warn!(
            target: "certsession::tls",
            stack,
            %reason,
            "a client certificate that cannot be parsed was refused in the TLS handshake",
        ),
    }
}

impl Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revoked => f.write_str("the certificate is revoked"),
            Self::Unknown => f.write_str("the revocation list of its issuer is overdue"),
            Self::NotForAuthentication(error) => error.fmt(f),
            #[cfg(feature = "rustls-0_23")]
            Self::CaExpired => f.write_str("the client CA that verifies it has expired"),
            #[cfg(feature = "rustls-0_23")]
            Self::IntermediateMayNotSign => f.write_str(
                "the key usage of an intermediate does not allow it to sign certificates",
            ),
            Self::OtherKey => f.write_str("its key is not one of those that are let in"),
            Self::NotValid(error) => error.fmt(f),
            #[cfg(feature = "openssl")]
            Self::SpeltOtherwise => f.write_str(
                "a certificate of its chain spells its issuer's name otherwise than the issuer \
                 does: let the CA issue it with the name as it is in the CA's own certificate",
            ),
        }
    }
}

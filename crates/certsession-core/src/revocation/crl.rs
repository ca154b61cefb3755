//! A certificate revocation list that was verified.

use std::sync::Arc;
use std::time::Duration;

use super::authority::CrlAuthority;
use super::entries::Serials;
use super::layout::Layout;
use super::list::OnOverdueCrl;
use super::signature;
use crate::certificate::IssuerHash;
use crate::time::Timestamp;

/// The largest list that is read, in bytes: 8 MiB, some 200,000 entries.
///
/// It is read and hashed whole before anything in it can be trusted, so there has to be an end.
pub const MAX_CRL_SIZE: usize = 8 << 20;

/// How far an authority's clock may be ahead of this one.
const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

/// A certificate revocation list (RFC 5280 section 5) whose signature by a known authority and
/// whose dates were verified: [`Crl::verify`] alone makes one.
#[derive(Clone, Debug)]
pub struct Crl {
    pub(super) issuer: IssuerHash,
    pub(super) serials: Arc<Serials>,
    pub(super) this_update: Timestamp,
    pub(super) next_update: Timestamp,
}

/// Why a list was not accepted. The list before it stays in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// It is larger than [`MAX_CRL_SIZE`].
    #[error(
        "it has {size} bytes, and more than {MAX_CRL_SIZE} are not read: split it, or shorten it"
    )]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// It is not the structure of RFC 5280 section 5.1.
    #[error("it is malformed ({what}): fetch it anew")]
    Malformed {
        /// Which part of it is not as it has to be.
        what: &'static str,
    },
    /// None of the known authorities has its issuer's name.
    #[error(
        "it is of an issuer that is none of the configured CAs: configure its CA, or leave it out"
    )]
    UnknownIssuer,
    /// The authority's certificate does not allow it to sign lists.
    #[error("its CA's certificate has a key usage without cRLSign: lists by that CA do not count")]
    IssuerMayNotSign,
    /// The signature is not the authority's.
    #[error(
        "its signature is not that of the configured CA: it was forged, damaged, or signed by another key"
    )]
    BadSignature,
    /// The signature algorithm is not known, or does not fit the authority's key.
    #[error(
        "its signature algorithm is not supported: use ECDSA on P-256 or P-384, RSA (PKCS #1) with \
         SHA-256, SHA-384 or SHA-512, or Ed25519"
    )]
    UnsupportedSignature,
    /// A critical extension changes its meaning: a delta list, or an indirect one.
    #[error(
        "it has a critical extension that is not understood (it is a delta list, or an indirect one): give the full list"
    )]
    UnsupportedExtension,
    /// It does not say when the next one is due.
    #[error("it has no nextUpdate, which RFC 5280 section 5.1.2.5 asks for: let the CA set one")]
    NoNextUpdate,
    /// It begins in the future.
    #[error("it begins in the future ({this_update:?} since 1970): check the clocks")]
    NotYetValid {
        /// When it begins.
        this_update: Timestamp,
    },
    /// Its successor is overdue.
    #[error("it has expired ({next_update:?} since 1970 was its nextUpdate): fetch a new one")]
    Expired {
        /// When its successor was due.
        next_update: Timestamp,
    },
    /// An issuer whose list was in the same place has none there any more.
    #[error(
        "it has no list of an issuer that it had one of before: put that list back, or restart without it"
    )]
    IssuerMissing,
    /// It is older than the one in force: somebody plays an old list back.
    #[error("it is older than the list in force: an old file was put in its place")]
    Older,
}

impl Crl {
    /// Verifies a list in DER: its form, its signature by one of the authorities, and its dates.
    ///
    /// An expired list is refused, or, with [`OnOverdueCrl::Warn`], accepted.
    ///
    /// # Errors
    ///
    /// [`CrlError`], which says what is wrong and what to do about it.
    pub fn verify(
        der: &[u8],
        authorities: &[CrlAuthority],
        on_overdue_crl: OnOverdueCrl,
        now: Timestamp,
    ) -> Result<Self, CrlError> {
        if der.len() > MAX_CRL_SIZE {
            return Err(CrlError::TooLarge { size: der.len() });
        }
        let layout = Layout::of(der)?;
        check_signature(&layout, authorities)?;
        let Layout {
            this_update,
            next_update,
            ..
        } = layout;
        if this_update > now + CLOCK_SKEW {
            return Err(CrlError::NotYetValid { this_update });
        }
        if next_update < now && on_overdue_crl == OnOverdueCrl::Refuse {
            return Err(CrlError::Expired { next_update });
        }
        Ok(Self {
            issuer: IssuerHash::of(layout.issuer),
            serials: Arc::new(layout.serials()?),
            this_update,
            next_update,
        })
    }

    /// SHA-256 of the issuer's name.
    pub const fn issuer(&self) -> &IssuerHash {
        &self.issuer
    }

    /// How many certificates it revokes.
    pub fn len(&self) -> usize {
        self.serials.len()
    }

    /// Whether it revokes none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When it was made.
    pub const fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// When its successor is due at the latest.
    pub const fn next_update(&self) -> Timestamp {
        self.next_update
    }
}

/// Two authorities may have one name: an old key and a new one. Either may have signed.
fn check_signature(layout: &Layout<'_>, authorities: &[CrlAuthority]) -> Result<(), CrlError> {
    let mut verdict = Err(CrlError::UnknownIssuer);
    for authority in authorities {
        if *authority.name != *layout.issuer {
            continue;
        }
        verdict = if authority.may_sign_crls {
            signature::verify(
                &authority.key,
                layout.algorithm,
                layout.signed,
                layout.signature,
            )
        } else {
            Err(CrlError::IssuerMayNotSign)
        };
        if verdict.is_ok() {
            break;
        }
    }
    verdict
}

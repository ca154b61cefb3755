//! Whose revocation lists count, and how they are verified.

use std::sync::Arc;
use std::time::Duration;

use super::crl::{Crl, OnOverdueCrl};
use super::error::{CrlError, MAX_CRL_SIZE};
use super::layout::Layout;
use super::signature::{self, SignatureVerifier};
use crate::certificate::{CaCertificate, CanonicalName, IssuerHash, subject_text};
use crate::time::Timestamp;

/// How far an authority's clock may be ahead of this one.
const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

/// Verifies revocation lists: their form, their signature by one of the CAs, and their dates.
///
/// ```
/// use certsession_core::{Clock, CrlVerifier, RevocationList, SystemClock};
///
/// # fn load(cas: &[certsession_core::CaCertificate], file: &[Vec<u8>]) {
/// let revoked = RevocationList::new();
/// let verifier = CrlVerifier::new(cas).max_size(64 << 20);
/// let report = revoked.load("crl.pem", file, &verifier, SystemClock.now());
/// for problem in report.problems() {
///     println!("{problem}");
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CrlVerifier<'a> {
    cas: &'a [CaCertificate],
    max_size: usize,
    signatures: Option<&'a dyn SignatureVerifier>,
}

/// What became of a list.
pub(super) struct Verified {
    /// As far as it could be read.
    pub(super) issuer: Option<Issuer>,
    pub(super) result: Result<Crl, CrlError>,
    /// The list, if its age is all that is wrong with it.
    pub(super) overdue: Option<Crl>,
}

pub(super) struct Issuer {
    pub(super) name: CanonicalName,
    pub(super) subject: Box<str>,
}

impl Crl {
    /// Verifies a list in DER, with the defaults of [`CrlVerifier`].
    ///
    /// # Errors
    ///
    /// [`CrlError`], which says what is wrong and what to do about it.
    pub fn verify(
        der: &[u8],
        authorities: &[CaCertificate],
        on_overdue_crl: OnOverdueCrl,
        now: Timestamp,
    ) -> Result<Self, CrlError> {
        CrlVerifier::new(authorities).verify(der, on_overdue_crl, now)
    }
}

impl<'a> CrlVerifier<'a> {
    /// Lists that these CAs have signed count.
    ///
    /// The issuer of a list is compared with a CA's name by RFC 5280 section 7.1. Several CAs may
    /// have one name: an old key and a new one, or a key that signs lists alone.
    pub fn new(cas: &'a [CaCertificate]) -> Self {
        Self {
            cas,
            max_size: MAX_CRL_SIZE,
            signatures: None,
        }
    }

    /// The largest list that is read, in bytes. Default: [`MAX_CRL_SIZE`].
    #[must_use]
    pub const fn max_size(self, max_size: usize) -> Self {
        Self { max_size, ..self }
    }

    /// Who verifies signatures by other algorithms than ring knows. Default: no one.
    #[must_use]
    pub const fn signatures(self, signatures: &'a dyn SignatureVerifier) -> Self {
        Self {
            signatures: Some(signatures),
            ..self
        }
    }

    /// Verifies a list in DER.
    ///
    /// An expired list is refused, or, with [`OnOverdueCrl::Warn`], accepted.
    ///
    /// # Errors
    ///
    /// [`CrlError`], which says what is wrong and what to do about it.
    pub fn verify(
        &self,
        der: &[u8],
        on_overdue_crl: OnOverdueCrl,
        now: Timestamp,
    ) -> Result<Crl, CrlError> {
        self.judge(der, on_overdue_crl, now).result
    }

    pub(super) fn cas(&self) -> &'a [CaCertificate] {
        self.cas
    }

    pub(super) fn judge(
        &self,
        der: &[u8],
        on_overdue_crl: OnOverdueCrl,
        now: Timestamp,
    ) -> Verified {
        let refused = |issuer, error| Verified {
            issuer,
            result: Err(error),
            overdue: None,
        };
        if der.len() > self.max_size {
            return refused(None, CrlError::TooLarge { size: der.len() });
        }
        let layout = match Layout::of(der) {
            Ok(layout) => layout,
            Err(error) => return refused(None, error),
        };
        let issuer = Some(Issuer {
            name: CanonicalName::of(layout.issuer.whole),
            subject: subject_text(layout.issuer),
        });
        let crl = match self.read(der, &layout, now) {
            Ok(crl) => crl,
            Err(error) => return refused(issuer, error),
        };
        let next_update = crl.next_update;
        if next_update < now && on_overdue_crl == OnOverdueCrl::Refuse {
            return Verified {
                issuer,
                result: Err(CrlError::Expired { next_update }),
                overdue: Some(crl),
            };
        }
        Verified {
            issuer,
            result: Ok(crl),
            overdue: None,
        }
    }

    fn read(&self, der: &[u8], layout: &Layout<'_>, now: Timestamp) -> Result<Crl, CrlError> {
        let name = CanonicalName::of(layout.issuer.whole);
        let signer = self.signer(der, layout, name, now)?;
        let meaning = layout.meaning()?;
        let next_update = layout.next_update()?;
        let this_update = layout.this_update;
        if this_update > now + CLOCK_SKEW {
            return Err(CrlError::NotYetValid { this_update });
        }
        let spellings = self.cas.iter().filter(|ca| ca.name() == name);
        let mut names = vec![IssuerHash::of(layout.issuer.whole)];
        names.extend(spellings.map(|ca| *ca.name_hash()));
        names.sort();
        names.dedup();
        Ok(Crl {
            issuer: *signer.name_hash(),
            name,
            names: names.into(),
            subject: subject_text(layout.issuer),
            signer: *signer.public_key_hash(),
            signer_not_after: signer.not_after(),
            scope: meaning.scope,
            number: meaning.number,
            serials: Arc::new(layout.serials()?),
            this_update,
            next_update,
        })
    }

    /// Which CA has signed the list. Of several of its name each is tried, and the one that
    /// comes closest says what is wrong.
    fn signer(
        &self,
        der: &[u8],
        layout: &Layout<'_>,
        name: CanonicalName,
        now: Timestamp,
    ) -> Result<&'a CaCertificate, CrlError> {
        let mut closest = CrlError::UnknownIssuer;
        for ca in self.cas.iter().filter(|ca| ca.name() == name) {
            let verified = signature::verify(der, layout, ca.public_key(), self.signatures);
            let verdict = match verified {
                Ok(()) if ca.not_after() < now => CrlError::IssuerExpired {
                    not_after: ca.not_after(),
                },
                Ok(()) if !ca.may_sign_lists() => CrlError::IssuerMayNotSign,
                Ok(()) => return Ok(ca),
                Err(error) => error,
            };
            if closeness(&verdict) > closeness(&closest) {
                closest = verdict;
            }
        }
        Err(closest)
    }
}

/// How much a verdict tells: one about the key that has signed says more than one about another.
const fn closeness(error: &CrlError) -> u8 {
    match error {
        CrlError::UnknownIssuer => 0,
        CrlError::BadSignature => 1,
        CrlError::IssuerMayNotSign | CrlError::IssuerExpired { .. } => 3,
        _ => 2,
    }
}

//! The binary encoding of a record, for stores that keep bytes.
//!
//! ```text
//! byte 0        the version of the format: 1, 2 if there is a trust anchor, 3 if there are
//!               details or the data is encrypted, or 4 if there is no certificate; 5 and 6, with
//!               and without a certificate, if the data is encrypted under an application key
//! bytes 1..5    CRC-32 of the handle and of all bytes that follow
//! bytes 5..13   the revision
//! bytes 13..45  the token hash
//! byte 45       flags: 1 a previous token hash, 2 a principal, 4 the certificate's names,
//!               8 its trust anchor, 16 the trust domain of that anchor, 32 details, 64 the data
//!               is encrypted, 128 with a key for the previous token too
//! then          the previous token hash and its deadline; the epoch; created, token issued, last
//!               seen, idle and absolute deadline; fingerprint, public key, issuer; serial
//!               number, subject; not before, not after; how many names, and the hash of each; the
//!               hashes of the trust anchor's key and of its trust domain (all of the certificate
//!               that is; nothing in formats 4 and 6); the principal; the
//!               details as one field; in formats 5 and 6 the name of the application key; the
//!               wrapped data keys; the data
//! ```
//!
//! Numbers and the lengths of fields are unsigned LEB128; timestamps are in milliseconds. The rest
//! of the bytes is the data: one [`Data`] block as it is in memory, so that values are decoded only
//! when they are read. The checksum covers the handle, which is not among the bytes, so a record
//! can be read only under the handle that it was written for.

use std::sync::Arc;

use super::{PreviousTokenHash, Record, SessionSummary, details_codec};
use crate::binding::Binding;
use crate::certificate::{
    Fingerprint, IssuerHash, NameHash, PublicKeyHash, SerialNumber, TrustAnchor,
};
use crate::data::Data;
use crate::handle::Handle;
use crate::leb128;
use crate::principal::Principal;
use crate::revision::Revision;
use crate::seal::{KeyName, Seal, WrappedKey};
use crate::stamp::Stamp;
use crate::time::Timestamp;
use crate::token::TokenHash;

/// The newest form. A record is written in the oldest that can hold it, so that an earlier
/// version of this crate reads all that it could have written.
const VERSION: u8 = UNBOUND_WITH_APPLICATION_KEY;
const FIRST: u8 = 1;
const SECOND: u8 = 2;
const THIRD: u8 = 3;
/// As the third, without a certificate.
const UNBOUND: u8 = 4;
/// As the third, with the data key under a key of the application's.
const WITH_APPLICATION_KEY: u8 = 5;
/// As the fifth, without a certificate.
const UNBOUND_WITH_APPLICATION_KEY: u8 = 6;
const CHECKSUM: std::ops::Range<usize> = 1..5;
const REVISION: std::ops::Range<usize> = 5..13;

const HAS_PREVIOUS: u8 = 1;
const HAS_PRINCIPAL: u8 = 1 << 1;
const HAS_NAMES: u8 = 1 << 2;
const HAS_ANCHOR: u8 = 1 << 3;
const HAS_TRUST_DOMAIN: u8 = 1 << 4;
const HAS_DETAILS: u8 = 1 << 5;
const HAS_SEAL: u8 = 1 << 6;
const HAS_PREVIOUS_SEAL: u8 = 1 << 7;
const ALL_IN_FIRST: u8 = HAS_PREVIOUS | HAS_PRINCIPAL | HAS_NAMES;
const ALL_IN_SECOND: u8 = ALL_IN_FIRST | HAS_ANCHOR | HAS_TRUST_DOMAIN;
const ALL: u8 = u8::MAX;
/// No principal signs in without a certificate.
const ALL_WITHOUT_CERTIFICATE: u8 = HAS_PREVIOUS | HAS_DETAILS | HAS_SEAL | HAS_PREVIOUS_SEAL;

/// What a record takes besides its serial number, subject, names, principal and data, where every
/// number in it is as long as numbers get.
const LARGEST_FRAME: usize = 384;

/// The usual maximum size of a record without its subject, principal and data, so that encoding
/// needs one allocation.
const USUAL_SIZE: usize = 352;

/// Why bytes cannot be read as a record. The bytes are not included: they may be a session's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableRecord {
    /// A newer version wrote the record.
    #[error("the record has format {version}, and this version reads up to {VERSION}: update it")]
    Newer {
        /// The version of its format.
        version: u8,
    },
    /// The bytes or the handle differ from what was written.
    #[error("the record is damaged, or was written under another handle")]
    Damaged,
}

impl Record {
    /// The position of the [`Revision`] in the bytes of a record. It is the same in every version,
    /// so that a store can compare revisions without reading the rest.
    pub const REVISION_BYTES: std::ops::Range<usize> = REVISION;

    /// How many bytes the record takes besides its data when it is encoded, at the most.
    pub(crate) fn size_without_data(&self) -> usize {
        let binding = self.binding().map_or(0, |binding| {
            binding.serial.as_bytes().len() + binding.subject.len() + size_of_val(&*binding.names)
        });
        let principal = self.principal.as_ref().map_or(0, |p| p.as_str().len());
        LARGEST_FRAME
            + binding
            + principal
            + self.details.as_ref().map_or(0, |details| details.size())
            + self.seal.as_ref().map_or(0, |seal| seal.max_size())
    }

    /// Encodes the record without its handle: the store's key names it.
    ///
    /// ```
    /// use certsession_core::Record;
    /// use certsession_core::test_util::SampleRecord;
    ///
    /// let record = SampleRecord::new(1).insert("cart", "[7]").build();
    /// let bytes = record.encode();
    /// assert_eq!(Record::decode(record.handle(), &bytes)?, *record);
    /// # Ok::<(), certsession_core::UnreadableRecord>(())
    /// ```
    pub fn encode(&self) -> Vec<u8> {
        let binding = self.binding();
        let subject = binding.map_or(0, |binding| binding.subject.len());
        let names = subject + self.principal.as_ref().map_or(0, |p| p.as_str().len());
        let mut bytes = Vec::with_capacity(USUAL_SIZE + names + self.data.size());
        let anchor = binding.and_then(Binding::anchor);
        bytes.push(self.version());
        bytes.resize(CHECKSUM.end, 0);
        bytes.extend_from_slice(&self.revision.to_bytes());
        bytes.extend_from_slice(self.token_hash.as_bytes());
        let previous = self.previous.map_or(0, |_| HAS_PREVIOUS);
        let principal = self.principal.as_ref().map_or(0, |_| HAS_PRINCIPAL);
        let names = match binding.is_some_and(|binding| !binding.names.is_empty()) {
            false => 0,
            true => HAS_NAMES,
        };
        let anchor = match anchor.map(|anchor| anchor.trust_domain) {
            None => 0,
            Some(None) => HAS_ANCHOR,
            Some(Some(_)) => HAS_ANCHOR | HAS_TRUST_DOMAIN,
        };
        let details = self.details.as_ref().map_or(0, |_| HAS_DETAILS);
        let seal = match self.seal.as_deref() {
            None => 0,
            Some(Seal::Tokens {
                previous: Some(_), ..
            }) => HAS_SEAL | HAS_PREVIOUS_SEAL,
            Some(_) => HAS_SEAL,
        };
        bytes.push(previous | principal | names | anchor | details | seal);
        if let Some(previous) = &self.previous {
            bytes.extend_from_slice(previous.token_hash.as_bytes());
            leb128::push(&mut bytes, previous.until.as_millis());
        }
        leb128::push(&mut bytes, self.epoch);
        for time in [
            self.created_at,
            self.token_issued_at,
            self.last_seen_at,
            self.idle_deadline,
            self.absolute_deadline,
        ] {
            leb128::push(&mut bytes, time.as_millis());
        }
        if let Some(binding) = binding {
            encode_binding(binding, &mut bytes);
        }
        if let Some(principal) = &self.principal {
            leb128::push_field(&mut bytes, principal.as_str().as_bytes());
        }
        if let Some(details) = &self.details {
            leb128::push_field(&mut bytes, &details_codec::encode(details));
        }
        if let Some(seal) = &self.seal {
            encode_seal(seal, &mut bytes);
        }
        bytes.extend_from_slice(self.data.as_block());
        let checksum = checksum(self.handle, &bytes[CHECKSUM.end..]);
        bytes[CHECKSUM].copy_from_slice(&checksum);
        bytes
    }

    /// The oldest form that can hold the record.
    fn version(&self) -> u8 {
        let Some(binding) = self.binding() else {
            return match self.seal.as_deref() {
                Some(Seal::ApplicationKey { .. }) => UNBOUND_WITH_APPLICATION_KEY,
                _ => UNBOUND,
            };
        };
        match (self.seal.as_deref(), self.details.is_some()) {
            (Some(Seal::ApplicationKey { .. }), _) => WITH_APPLICATION_KEY,
            (Some(Seal::Tokens { .. }), _) | (None, true) => THIRD,
            (None, false) => match binding.anchor() {
                Some(_) => SECOND,
                None => FIRST,
            },
        }
    }

    /// Decodes the record that was kept under this handle.
    ///
    /// # Errors
    ///
    /// If a newer version wrote it, or if the bytes are damaged.
    pub fn decode(handle: Handle, bytes: &[u8]) -> Result<Self, UnreadableRecord> {
        match bytes.first() {
            Some(&version) if version > VERSION => return Err(UnreadableRecord::Newer { version }),
            Some(&(FIRST..=VERSION)) => {}
            _ => return Err(UnreadableRecord::Damaged),
        }
        let (head, body) = bytes
            .split_at_checked(CHECKSUM.end)
            .ok_or(UnreadableRecord::Damaged)?;
        if head[CHECKSUM] != checksum(handle, body) {
            return Err(UnreadableRecord::Damaged);
        }
        decode_body(handle, body, head[0]).ok_or(UnreadableRecord::Damaged)
    }
}

impl SessionSummary {
    /// How many bytes of a record are usually enough to [`decode`](Self::decode) its summary.
    pub const USUAL_SIZE: usize = 1024;

    /// Decodes the summary of the record that was kept under this handle, from the first of its
    /// bytes ([`Record::encode`]). `None` if they do not contain a summary: because they are too
    /// few, are damaged, or are of a newer version; [`Record::decode`] tells which.
    ///
    /// The checksum covers the whole record, so damage to these bytes may not be noticed: use the
    /// summary for a list, or to find the record whose revision it names, and not to admit anyone.
    ///
    /// ```
    /// use certsession_core::SessionSummary;
    /// use certsession_core::test_util::SampleRecord;
    ///
    /// let record = SampleRecord::new(1).insert("cart", &"9".repeat(5_000)).build();
    /// let first = &record.encode()[..SessionSummary::USUAL_SIZE];
    /// let summary = SessionSummary::decode(record.handle(), first);
    /// assert_eq!(summary, Some(SessionSummary::from(&*record)));
    /// ```
    pub fn decode(handle: Handle, first: &[u8]) -> Option<Self> {
        let version = *first.first()?;
        if !(FIRST..=VERSION).contains(&version) {
            return None;
        }
        let mut body = first.get(CHECKSUM.end..)?;
        let record = decode_head(handle, &mut body, version)?;
        Some(Self::from(&record))
    }
}

/// The flags that a record of this version may have.
const fn can_be_there(version: u8) -> u8 {
    match version {
        FIRST => ALL_IN_FIRST,
        SECOND => ALL_IN_SECOND,
        UNBOUND => ALL_WITHOUT_CERTIFICATE,
        WITH_APPLICATION_KEY => ALL & !HAS_PREVIOUS_SEAL,
        UNBOUND_WITH_APPLICATION_KEY => ALL_WITHOUT_CERTIFICATE & !HAS_PREVIOUS_SEAL,
        _ => ALL,
    }
}

const fn is_unbound(version: u8) -> bool {
    matches!(version, UNBOUND | UNBOUND_WITH_APPLICATION_KEY)
}

const fn has_application_key(version: u8) -> bool {
    matches!(version, WITH_APPLICATION_KEY | UNBOUND_WITH_APPLICATION_KEY)
}

fn checksum(handle: Handle, body: &[u8]) -> [u8; 4] {
    let mut crc = crc32fast::Hasher::new();
    crc.update(handle.as_bytes());
    crc.update(body);
    crc.finalize().to_be_bytes()
}

fn encode_binding(binding: &Binding, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(binding.fingerprint.as_bytes());
    bytes.extend_from_slice(binding.public_key.as_bytes());
    bytes.extend_from_slice(binding.issuer.as_bytes());
    leb128::push_field(bytes, binding.serial.as_bytes());
    leb128::push_field(bytes, binding.subject.as_bytes());
    leb128::push(bytes, binding.not_before.as_millis());
    leb128::push(bytes, binding.not_after.as_millis());
    if !binding.names.is_empty() {
        leb128::push(bytes, binding.names.len() as u64);
        for name in &binding.names {
            bytes.extend_from_slice(name.as_bytes());
        }
    }
    if let Some(anchor) = &binding.anchor {
        bytes.extend_from_slice(anchor.public_key.as_bytes());
        if let Some(trust_domain) = &anchor.trust_domain {
            bytes.extend_from_slice(trust_domain.as_bytes());
        }
    }
}

fn encode_seal(seal: &Seal, bytes: &mut Vec<u8>) {
    match seal {
        Seal::Tokens { current, previous } => {
            bytes.extend_from_slice(current.as_bytes());
            if let Some(previous) = previous {
                bytes.extend_from_slice(previous.as_bytes());
            }
        }
        Seal::ApplicationKey { name, wrapped } => {
            leb128::push_field(bytes, name.as_str().as_bytes());
            bytes.extend_from_slice(wrapped.as_bytes());
        }
    }
}

fn decode_body(handle: Handle, mut body: &[u8], version: u8) -> Option<Record> {
    let mut record = decode_head(handle, &mut body, version)?;
    record.data = Data::from_block(body)?;
    Some(record)
}

/// Decodes everything but the data, and leaves that in `bytes`.
fn decode_head(handle: Handle, bytes: &mut &[u8], version: u8) -> Option<Record> {
    let revision = Revision::from_bytes(take_array(bytes)?);
    let token_hash = TokenHash::from_bytes(take_array(bytes)?);
    let [present] = take_array(bytes)?;
    if present & !can_be_there(version) != 0 {
        return None;
    }
    let previous = match present & HAS_PREVIOUS {
        0 => None,
        _ => Some(PreviousTokenHash {
            token_hash: TokenHash::from_bytes(take_array(bytes)?),
            until: take_time(bytes)?,
        }),
    };
    Some(Record {
        handle,
        revision,
        token_hash,
        previous,
        epoch: leb128::take(bytes)?,
        created_at: take_time(bytes)?,
        token_issued_at: take_time(bytes)?,
        last_seen_at: take_time(bytes)?,
        idle_deadline: take_time(bytes)?,
        absolute_deadline: take_time(bytes)?,
        binding: match is_unbound(version) {
            true => None,
            false => Some(Arc::new(decode_binding(bytes, present)?)),
        },
        principal: match present & HAS_PRINCIPAL {
            0 => None,
            _ => Some(Principal::new(take_text(bytes)?).ok()?),
        },
        details: match present & HAS_DETAILS {
            0 => None,
            _ => Some(Arc::new(details_codec::decode(leb128::take_field(bytes)?)?)),
        },
        seal: take_seal(bytes, present, version)?,
        data: Data::default(),
        stamp: Stamp::default(),
    })
}

fn decode_binding(bytes: &mut &[u8], present: u8) -> Option<Binding> {
    Some(Binding {
        fingerprint: Fingerprint::from_bytes(take_array(bytes)?),
        public_key: PublicKeyHash::from_bytes(take_array(bytes)?),
        issuer: IssuerHash::from_bytes(take_array(bytes)?),
        serial: SerialNumber::from_bytes(leb128::take_field(bytes)?),
        subject: take_text(bytes)?.into(),
        not_before: take_time(bytes)?,
        not_after: take_time(bytes)?,
        names: match present & HAS_NAMES {
            0 => Box::default(),
            _ => take_names(bytes)?,
        },
        anchor: take_anchor(bytes, present)?,
    })
}

fn take_anchor(bytes: &mut &[u8], present: u8) -> Option<Option<TrustAnchor>> {
    let has = |flag| present & flag != 0;
    if !has(HAS_ANCHOR) {
        // Without the one, the other means nothing.
        return (!has(HAS_TRUST_DOMAIN)).then_some(None);
    }
    Some(Some(TrustAnchor {
        public_key: PublicKeyHash::from_bytes(take_array(bytes)?),
        trust_domain: match has(HAS_TRUST_DOMAIN) {
            false => None,
            true => Some(NameHash::from_bytes(take_array(bytes)?)),
        },
    }))
}

fn take_seal(bytes: &mut &[u8], present: u8, version: u8) -> Option<Option<Arc<Seal>>> {
    let has = |flag| present & flag != 0;
    if !has(HAS_SEAL) {
        // Without the one, the others mean nothing.
        let is_whole = !has(HAS_PREVIOUS_SEAL) && !has_application_key(version);
        return is_whole.then_some(None);
    }
    Some(Some(Arc::new(match has_application_key(version) {
        true => Seal::ApplicationKey {
            name: KeyName::new(take_text(bytes)?).ok()?,
            wrapped: WrappedKey::from_bytes(take_array(bytes)?),
        },
        false => Seal::Tokens {
            current: WrappedKey::from_bytes(take_array(bytes)?),
            previous: match has(HAS_PREVIOUS_SEAL) {
                false => None,
                true => Some(WrappedKey::from_bytes(take_array(bytes)?)),
            },
        },
    })))
}

fn take_names(bytes: &mut &[u8]) -> Option<Box<[NameHash]>> {
    // Do not allocate for an unverified count.
    let count = leb128::take(bytes)?;
    let mut names = Vec::new();
    for _ in 0..count {
        names.push(NameHash::from_bytes(take_array(bytes)?));
    }
    Some(names.into())
}

fn take_array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (array, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*array)
}

fn take_time(bytes: &mut &[u8]) -> Option<Timestamp> {
    leb128::take(bytes).map(Timestamp::from_millis)
}

fn take_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    std::str::from_utf8(leb128::take_field(bytes)?).ok()
}

#[cfg(test)]
mod tests;

//! An entry of an owner's index.

use certsession_core::{Handle, OwnerKey, SessionSummary};

const TERM_LENGTH: usize = 8;

/// An entry of an owner's index: the handle of a session, and the term for which it joined.
///
/// A principal's term is the record's epoch, counted from one: a record changes its principal only
/// together with its epoch. So if a principal's entry is not ahead of its record and does not match
/// it, it can never match later, whatever operations are in progress, and any node may remove it.
/// An entry that is ahead belongs to a sign-in in progress. A certificate's entries all have term
/// 0: a record never returns to a certificate that it has left, because only a newer one can take
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) handle: Handle,
    pub(crate) term: u64,
}

/// The relation of a session to an entry of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryStatus {
    /// The session belongs to the index's owner.
    Belongs,
    /// The session does not belong to the owner now, but may later, or did before; only time can
    /// decide.
    Undecided,
    /// The session can never belong to the owner again: the entry may be removed.
    Void,
}

impl Entry {
    pub(super) const LENGTH: usize = Handle::LENGTH + TERM_LENGTH;

    pub(crate) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..Handle::LENGTH].copy_from_slice(self.handle.as_bytes());
        bytes[Handle::LENGTH..].copy_from_slice(&self.term.to_be_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (handle, term) = bytes.split_first_chunk::<{ Handle::LENGTH }>()?;
        Some(Self {
            handle: Handle::from_bytes(*handle),
            term: u64::from_be_bytes(term.try_into().ok()?),
        })
    }

    /// The relation of the session to this entry in the index of `owner`.
    pub(crate) fn status(self, owner: &OwnerKey, session: Option<&SessionSummary>) -> EntryStatus {
        let Some(session) = session else {
            // A deleted record never returns, and a record is written before it is indexed.
            return EntryStatus::Void;
        };
        let mut owners = session.owners();
        let certificate = owners.next();
        if owners.next() == Some(*owner) || certificate == Some(*owner) {
            return EntryStatus::Belongs;
        }
        match self.term {
            // The session may be about to move to this certificate, or may have left it.
            0 => EntryStatus::Undecided,
            term if term <= term_of(session) => EntryStatus::Void,
            _ => EntryStatus::Undecided,
        }
    }
}

/// The term of a record's current principal.
pub(crate) fn term_of(session: &SessionSummary) -> u64 {
    session.epoch().saturating_add(1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use certsession_core::test_util::{SampleCommit, SampleRecord};
    use certsession_core::{Decision, Owner, Record};

    fn status(entry: Entry, owner: &OwnerKey, record: &Record) -> EntryStatus {
        entry.status(owner, Some(&SessionSummary::from(record)))
    }

    fn signed_in(record: &Record, name: &str) -> Arc<Record> {
        match record.apply(&SampleCommit::on(record).sign_in(name).build()) {
            Decision::Apply { record, .. } => record,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_entry_reads_back() {
        let handle = Handle::from_bytes(*b"0123456789abcdef");
        let entry = Entry { handle, term: 258 };
        assert_eq!(Entry::from_bytes(&entry.to_bytes()), Some(entry));
        for length in [0, 16, 23, 25] {
            assert_eq!(Entry::from_bytes(&vec![b'e'; length]), None);
        }
    }

    #[test]
    fn a_principals_entry_is_void_when_its_record_has_passed_its_term() {
        let alice = Owner::principal("alice").unwrap().key();
        let anonymous = SampleRecord::new(1).build();
        let entry = |term| Entry {
            handle: anonymous.handle(),
            term,
        };
        assert_eq!(entry(1).status(&alice, None), EntryStatus::Void);
        // Alice's sign-in is in progress.
        let under_way = status(entry(2), &alice, &anonymous);
        assert_eq!(under_way, EntryStatus::Undecided);
        let alices = signed_in(&anonymous, "alice");
        assert_eq!(status(entry(2), &alice, &alices), EntryStatus::Belongs);
        // Bob's was faster, or came after hers.
        let bobs = signed_in(&anonymous, "bob");
        assert_eq!(status(entry(2), &alice, &bobs), EntryStatus::Void);
        let bobs = signed_in(&alices, "bob");
        assert_eq!(status(entry(2), &alice, &bobs), EntryStatus::Void);
        // She is about to sign in again.
        assert_eq!(status(entry(4), &alice, &bobs), EntryStatus::Undecided);
    }

    #[test]
    fn an_entry_of_a_certificate_is_void_when_its_record_is_gone() {
        let record = SampleRecord::new(1).build();
        let certificate = Owner::bound_to(record.binding().unwrap()).key();
        let entry = Entry {
            handle: record.handle(),
            term: 0,
        };
        let mine = status(entry, &certificate, &record);
        assert_eq!(mine, EntryStatus::Belongs);
        let other = SampleRecord::new(2).build();
        let elsewhere = status(entry, &certificate, &other);
        assert_eq!(elsewhere, EntryStatus::Undecided);
        assert_eq!(entry.status(&certificate, None), EntryStatus::Void);
    }
}

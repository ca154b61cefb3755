//! What an owner's index holds of a session.

use certsession_core::{Handle, OwnerKey, Record};

const TERM_LENGTH: usize = 8;

/// What an owner's index holds of a session: its handle, and the term for which it joined.
///
/// A principal's term is the record's epoch, counted from one: a record changes its principal only
/// together with its epoch. So a principal's entry that is not ahead of its record will never
/// become true, whoever made it and whatever is under way, and anybody may remove it; one that is
/// ahead belongs to a sign-in that is under way. A certificate's entries are all of term 0: a
/// record never comes back to a certificate that it has left, since only a newer one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) handle: Handle,
    pub(crate) term: u64,
}

/// What a session is to one of its index's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryStatus {
    /// It belongs to the index's owner.
    Belongs,
    /// It does not yet, or not any more, or never will: only time tells.
    Undecided,
    /// It never will again: the entry may go.
    Void,
}

impl Entry {
    const LENGTH: usize = Handle::LENGTH + TERM_LENGTH;

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

    /// What the session is to this entry of the index of `owner`.
    pub(crate) fn status(self, owner: &OwnerKey, record: Option<&Record>) -> EntryStatus {
        let Some(record) = record else {
            // A record that is gone never comes back, and it is written before it is indexed.
            return EntryStatus::Void;
        };
        let mut owners = record.owners();
        let certificate = owners.next();
        if owners.next() == Some(*owner) || certificate == Some(*owner) {
            return EntryStatus::Belongs;
        }
        match self.term {
            // It may be about to move to this certificate, or have moved on.
            0 => EntryStatus::Undecided,
            term if term <= term_of(record) => EntryStatus::Void,
            _ => EntryStatus::Undecided,
        }
    }
}

/// The term of a record's principal.
pub(crate) fn term_of(record: &Record) -> u64 {
    record.epoch().saturating_add(1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use certsession_core::test_util::{SampleCommit, SampleRecord};
    use certsession_core::{Decision, Owner};

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
        // Alice's sign-in is under way.
        let under_way = entry(2).status(&alice, Some(&anonymous));
        assert_eq!(under_way, EntryStatus::Undecided);
        let alices = signed_in(&anonymous, "alice");
        assert_eq!(entry(2).status(&alice, Some(&alices)), EntryStatus::Belongs);
        // Bob's was faster, or came after hers.
        let bobs = signed_in(&anonymous, "bob");
        assert_eq!(entry(2).status(&alice, Some(&bobs)), EntryStatus::Void);
        let bobs = signed_in(&alices, "bob");
        assert_eq!(entry(2).status(&alice, Some(&bobs)), EntryStatus::Void);
        // She is about to come back.
        assert_eq!(entry(4).status(&alice, Some(&bobs)), EntryStatus::Undecided);
    }

    #[test]
    fn an_entry_of_a_certificate_is_void_when_its_record_is_gone() {
        let record = SampleRecord::new(1).build();
        let certificate = Owner::bound_to(record.binding()).key();
        let entry = Entry {
            handle: record.handle(),
            term: 0,
        };
        let mine = entry.status(&certificate, Some(&record));
        assert_eq!(mine, EntryStatus::Belongs);
        let other = SampleRecord::new(2).build();
        let elsewhere = entry.status(&certificate, Some(&other));
        assert_eq!(elsewhere, EntryStatus::Undecided);
        assert_eq!(entry.status(&certificate, None), EntryStatus::Void);
    }
}

//! The order in which records expire, with a constant cost per change.

use std::collections::BTreeMap;

use crate::time::Timestamp;

/// The logarithm of a bucket's length in milliseconds: 4.096 s.
const BUCKET_BITS: u32 = 12;

/// How many members of a bucket one call of `next_due` examines.
const LOOK: usize = 16;

const NONE: u32 = u32::MAX;

/// Slots by deadline. A bucket holds the slots whose deadlines fall into the same few seconds, as a
/// list linked through `links`. So moving a deadline needs no search, and the number of buckets
/// depends on the length of the timeouts, not on the number of sessions.
#[derive(Default)]
pub(super) struct Deadlines {
    /// The first slot of each bucket.
    buckets: BTreeMap<u64, u32>,
    /// One link for each slot.
    links: Vec<Link>,
}

#[derive(Clone, Copy)]
struct Link {
    deadline: Timestamp,
    previous: u32,
    next: u32,
}

impl Deadlines {
    /// Adds a slot that is not scheduled.
    pub(super) fn schedule(&mut self, slot: u32, deadline: Timestamp) {
        let first = self.buckets.insert(bucket(deadline), slot).unwrap_or(NONE);
        let link = Link {
            deadline,
            previous: NONE,
            next: first,
        };
        let index = slot as usize;
        if index >= self.links.len() {
            self.links.resize(index + 1, link);
        }
        self.links[index] = link;
        if first != NONE {
            self.links[first as usize].previous = slot;
        }
    }

    /// Removes a slot that is scheduled.
    pub(super) fn cancel(&mut self, slot: u32) {
        let link = self.links[slot as usize];
        if link.next != NONE {
            self.links[link.next as usize].previous = link.previous;
        }
        if link.previous != NONE {
            self.links[link.previous as usize].next = link.next;
        } else if link.next != NONE {
            self.buckets.insert(bucket(link.deadline), link.next);
        } else {
            self.buckets.remove(&bucket(link.deadline));
        }
    }

    /// Returns a slot whose deadline has passed, if a short search finds one. It may miss one in a
    /// bucket of which only a part is due; once the whole bucket is due, it cannot.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<u32> {
        let (&earliest, &first) = self.buckets.first_key_value()?;
        if earliest > bucket(now) {
            return None;
        }
        let mut slot = first;
        for _ in 0..LOOK {
            if slot == NONE {
                break;
            }
            let link = self.links[slot as usize];
            if link.deadline <= now {
                return Some(slot);
            }
            slot = link.next;
        }
        None
    }
}

fn bucket(deadline: Timestamp) -> u64 {
    deadline.as_millis() >> BUCKET_BITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn due(deadlines: &Deadlines, millis: u64) -> Option<u32> {
        deadlines.next_due(Timestamp::from_millis(millis))
    }

    #[test]
    fn a_slot_is_due_at_its_deadline_and_not_before() {
        let mut deadlines = Deadlines::default();
        deadlines.schedule(0, Timestamp::from_millis(5_000));
        assert_eq!(due(&deadlines, 4_999), None);
        assert_eq!(due(&deadlines, 5_000), Some(0));
        deadlines.cancel(0);
        assert_eq!(due(&deadlines, u64::MAX), None);
    }

    proptest! {
        #[test]
        fn every_slot_comes_out_once_it_is_due(
            moves in prop::collection::vec((0_u32..40, prop::option::of(0_u64..100_000)), 0..200),
        ) {
            let mut deadlines = Deadlines::default();
            let mut expected = BTreeMap::new();
            for (slot, deadline) in moves {
                if expected.remove(&slot).is_some() {
                    deadlines.cancel(slot);
                }
                if let Some(deadline) = deadline {
                    deadlines.schedule(slot, Timestamp::from_millis(deadline));
                    expected.insert(slot, deadline);
                }
            }
            while let Some(slot) = due(&deadlines, 200_000) {
                prop_assert!(expected.remove(&slot).is_some());
                deadlines.cancel(slot);
            }
            prop_assert!(expected.is_empty());
            prop_assert!(deadlines.buckets.is_empty());
        }
    }
}

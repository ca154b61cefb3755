//! The order in which records expire, with a constant cost per change.

use std::collections::BTreeMap;

use crate::handle::Handle;
use crate::time::Timestamp;

/// The logarithm of a bucket's length in milliseconds: 4.096 s.
const BUCKET_BITS: u32 = 12;

/// How many members of a bucket one call of `next_due` examines.
const LOOK: usize = 16;

const NONE: u32 = u32::MAX;

/// Sessions by deadline. A bucket holds those whose deadlines fall into the same few seconds, as a
/// list linked through `slots`. So moving a deadline needs no search, and the number of buckets
/// depends on the length of the timeouts, not on the number of sessions.
#[derive(Default)]
pub(super) struct Deadlines {
    /// The first slot of each bucket.
    buckets: BTreeMap<u64, u32>,
    /// One slot for each session.
    slots: Vec<Slot>,
    free: Vec<u32>,
}

/// The place of a session among the deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SlotNumber(u32);

#[derive(Clone, Copy)]
struct Slot {
    handle: Handle,
    deadline: Timestamp,
    previous: u32,
    next: u32,
}

impl Deadlines {
    /// Adds a session.
    pub(super) fn schedule(&mut self, handle: Handle, deadline: Timestamp) -> SlotNumber {
        let slot = Slot {
            handle,
            deadline,
            previous: NONE,
            next: NONE,
        };
        let number = match self.free.pop() {
            Some(number) => {
                self.slots[number as usize] = slot;
                number
            }
            None => {
                self.slots.push(slot);
                // A shard of 2^32 sessions would need more memory than exists.
                (self.slots.len() - 1) as u32
            }
        };
        self.link(number);
        SlotNumber(number)
    }

    /// Moves the deadline of a session.
    pub(super) fn reschedule(&mut self, SlotNumber(number): SlotNumber, deadline: Timestamp) {
        let before = self.slots[number as usize].deadline;
        // Most commits follow another one within the same few seconds.
        if bucket(before) == bucket(deadline) {
            self.slots[number as usize].deadline = deadline;
            return;
        }
        self.unlink(number);
        self.slots[number as usize].deadline = deadline;
        self.link(number);
    }

    /// Removes a session.
    pub(super) fn cancel(&mut self, SlotNumber(number): SlotNumber) {
        self.unlink(number);
        self.free.push(number);
    }

    /// Returns a session whose deadline has passed, if a short search finds one. It may miss one in a
    /// bucket of which only a part is due; once the whole bucket is due, it cannot.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<Handle> {
        let (&earliest, &first) = self.buckets.first_key_value()?;
        if earliest > bucket(now) {
            return None;
        }
        let mut number = first;
        for _ in 0..LOOK {
            if number == NONE {
                break;
            }
            let slot = &self.slots[number as usize];
            if slot.deadline <= now {
                return Some(slot.handle);
            }
            number = slot.next;
        }
        None
    }

    /// The slots from this one on, free ones too, each with the session that is or was in it.
    pub(super) fn slots_from(
        &self,
        first: usize,
    ) -> impl Iterator<Item = (usize, SlotNumber, Handle)> {
        let slots = self.slots.iter().enumerate().skip(first);
        slots.map(|(at, slot)| (at, SlotNumber(at as u32), slot.handle))
    }

    /// Puts a slot at the front of its bucket.
    fn link(&mut self, number: u32) {
        let deadline = self.slots[number as usize].deadline;
        let first = self.buckets.insert(bucket(deadline), number);
        let first = first.unwrap_or(NONE);
        let slot = &mut self.slots[number as usize];
        (slot.previous, slot.next) = (NONE, first);
        if first != NONE {
            self.slots[first as usize].previous = number;
        }
    }

    fn unlink(&mut self, number: u32) {
        let slot = self.slots[number as usize];
        if slot.next != NONE {
            self.slots[slot.next as usize].previous = slot.previous;
        }
        if slot.previous != NONE {
            self.slots[slot.previous as usize].next = slot.next;
        } else if slot.next != NONE {
            self.buckets.insert(bucket(slot.deadline), slot.next);
        } else {
            self.buckets.remove(&bucket(slot.deadline));
        }
    }
}

fn bucket(deadline: Timestamp) -> u64 {
    deadline.as_millis() >> BUCKET_BITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn handle(number: u8) -> Handle {
        Handle::from_bytes([number; Handle::LENGTH])
    }

    fn due(deadlines: &Deadlines, millis: u64) -> Option<Handle> {
        deadlines.next_due(Timestamp::from_millis(millis))
    }

    #[test]
    fn a_session_is_due_at_its_deadline_and_not_before() {
        let mut deadlines = Deadlines::default();
        let slot = deadlines.schedule(handle(0), Timestamp::from_millis(5_000));
        assert_eq!(due(&deadlines, 4_999), None);
        assert_eq!(due(&deadlines, 5_000), Some(handle(0)));
        deadlines.reschedule(slot, Timestamp::from_millis(5_001));
        assert_eq!(due(&deadlines, 5_000), None);
        assert_eq!(due(&deadlines, 5_001), Some(handle(0)));
        deadlines.cancel(slot);
        assert_eq!(due(&deadlines, u64::MAX), None);
    }

    proptest! {
        #[test]
        fn every_session_comes_out_once_it_is_due(
            moves in prop::collection::vec((0_u8..40, prop::option::of(0_u64..100_000)), 0..200),
        ) {
            let mut deadlines = Deadlines::default();
            let mut expected = BTreeMap::new();
            for (number, deadline) in moves {
                let deadline = deadline.map(Timestamp::from_millis);
                match (expected.get(&handle(number)).copied(), deadline) {
                    (None, None) => {}
                    (None, Some(deadline)) => {
                        let slot = deadlines.schedule(handle(number), deadline);
                        expected.insert(handle(number), slot);
                    }
                    (Some(slot), Some(deadline)) => deadlines.reschedule(slot, deadline),
                    (Some(slot), None) => {
                        deadlines.cancel(slot);
                        expected.remove(&handle(number));
                    }
                }
            }
            while let Some(handle) = due(&deadlines, 200_000) {
                let slot = expected.remove(&handle);
                prop_assert!(slot.is_some());
                deadlines.cancel(slot.unwrap());
            }
            prop_assert!(expected.is_empty());
            prop_assert!(deadlines.buckets.is_empty());
        }
    }
}

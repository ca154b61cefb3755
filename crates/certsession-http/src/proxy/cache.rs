//! What was verified before, by the value of its field.
//!
//! Bounded, in sets of eight: a value has its place in one set, and the entry there that has not been
//! used for longest goes for a new one. The hash only chooses the set. The value itself is compared in
//! full, so that no collision makes one certificate another.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use certsession_core::PeerCertificate;

/// How many certificates are remembered. With fields of 2 KiB they take about 16 MiB.
const ENTRIES: usize = 4096;
const WAYS: usize = 8;

/// How long a verdict counts: a certificate of the chain may expire.
const MAX_AGE: Duration = Duration::from_secs(300);

pub(super) struct Cache {
    sets: Box<[Mutex<Vec<Entry>>]>,
    seed: u64,
}

/// The values of a certificate's field and of its chain's.
#[derive(Clone, Copy)]
pub(super) struct CacheKey<'v> {
    pub(super) certificate: &'v [u8],
    pub(super) chain: &'v [u8],
}

/// The entry that was used last is the last one of its set.
struct Entry {
    certificate: Box<[u8]>,
    chain: Box<[u8]>,
    generation: u64,
    verified_at: Instant,
    peer: Arc<PeerCertificate>,
}

impl Cache {
    pub(super) fn new() -> Self {
        let sets = (0..ENTRIES / WAYS).map(|_| Mutex::default());
        Self {
            sets: sets.collect(),
            seed: RandomState::new().hash_one(0),
        }
    }

    /// The certificate of a value that was verified under this generation of client CAs.
    pub(super) fn get(
        &self,
        key: CacheKey<'_>,
        generation: u64,
        now: Instant,
    ) -> Option<Arc<PeerCertificate>> {
        let mut set = self
            .set_of(key)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let place = set.iter().rposition(|entry| entry.is_of(key))?;
        let entry = &set[place];
        let is_current = entry.generation == generation
            && now.saturating_duration_since(entry.verified_at) < MAX_AGE;
        if !is_current {
            set.remove(place);
            return None;
        }
        let peer = Arc::clone(&entry.peer);
        set[place..].rotate_left(1);
        Some(peer)
    }

    pub(super) fn put(
        &self,
        key: CacheKey<'_>,
        generation: u64,
        now: Instant,
        peer: &Arc<PeerCertificate>,
    ) {
        let entry = Entry {
            certificate: key.certificate.into(),
            chain: key.chain.into(),
            generation,
            verified_at: now,
            peer: Arc::clone(peer),
        };
        let mut set = self
            .set_of(key)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        set.retain(|entry| !entry.is_of(key));
        if set.len() >= WAYS {
            set.remove(0);
        }
        set.push(entry);
    }

    fn set_of(&self, key: CacheKey<'_>) -> &Mutex<Vec<Entry>> {
        let hash = fold(fold(self.seed, key.certificate), key.chain);
        // The remainder is below the number of sets, which is no more than a usize.
        &self.sets[(hash % self.sets.len() as u64) as usize]
    }
}

impl Entry {
    fn is_of(&self, key: CacheKey<'_>) -> bool {
        *self.certificate == *key.certificate && *self.chain == *key.chain
    }
}

/// A hash that costs less than one multiplication for eight bytes.
fn fold(mut hash: u64, bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (chunks, rest) = bytes.as_chunks::<8>();
    for chunk in chunks {
        hash = (hash ^ u64::from_le_bytes(*chunk)).wrapping_mul(FACTOR);
        hash ^= hash >> 32;
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    hash = (hash ^ u64::from_le_bytes(last) ^ bytes.len() as u64).wrapping_mul(FACTOR);
    hash ^ hash >> 32
}

#[cfg(test)]
mod tests {
    use certsession_core::PeerState;
    use certsession_core::test_util::peer;

    use super::*;

    fn key(certificate: &[u8]) -> CacheKey<'_> {
        CacheKey {
            certificate,
            chain: b"",
        }
    }

    fn certificate() -> Arc<PeerCertificate> {
        match peer("alice") {
            PeerState::Verified(certificate) => certificate,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_million_certificates_in_a_row_leave_a_bounded_number_of_entries() {
        let (cache, now, alice) = (Cache::new(), Instant::now(), certificate());
        for number in 0..1_000_000_u32 {
            cache.put(key(&number.to_le_bytes()), 0, now, &alice);
        }
        let entries = cache.sets.iter().map(|set| set.lock().unwrap().len());
        let entries: usize = entries.sum();
        assert!(entries <= ENTRIES, "{entries}");
        // The sets fill evenly, or the bound would be a smaller one.
        assert!(entries > ENTRIES * 9 / 10, "{entries}");
    }

    #[test]
    fn an_entry_counts_for_its_own_value_generation_and_time() {
        let (cache, now, alice) = (Cache::new(), Instant::now(), certificate());
        cache.put(key(b"alice"), 1, now, &alice);
        assert!(cache.get(key(b"alice"), 1, now).is_some());
        assert!(cache.get(key(b"alicf"), 1, now).is_none());
        let with_chain = CacheKey {
            certificate: b"alice",
            chain: b"more",
        };
        assert!(cache.get(with_chain, 1, now).is_none());
        assert!(cache.get(key(b"alice"), 1, now + MAX_AGE).is_none());
        cache.put(key(b"alice"), 1, now, &alice);
        assert!(cache.get(key(b"alice"), 2, now).is_none());
    }

    #[test]
    fn the_value_that_is_in_use_stays() {
        let (cache, now, alice) = (Cache::new(), Instant::now(), certificate());
        cache.put(key(b"alice"), 0, now, &alice);
        for number in 0..100_000_u32 {
            cache.put(key(&number.to_le_bytes()), 0, now, &alice);
            assert!(cache.get(key(b"alice"), 0, now).is_some(), "{number}");
        }
    }
}

//! A random walk: files of all kinds, one after the other, against a model.
//!
//! The model knows nothing of lists in force. It keeps statements: *this key said at that time,
//! in this place, that this certificate is revoked*. A statement holds until the same key says
//! otherwise later, in the same place or in a list of all certificates. A certificate is revoked
//! while a statement holds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use certsession_core::RevocationStatus::{Good, Revoked, Unknown};
use certsession_core::{CrlVerifier, PeerCertificate, RevocationList, Timestamp};

use crate::der::{Ca, DAY, List, NOW, element};

/// How many sequences, and how many files each has.
const SEQUENCES: u64 = 10_000;
const FILES: u64 = 6;
/// The serial numbers that come up.
const SERIALS: u8 = 8;

/// Small, and the same each time: xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// Keys: two of one CA, one of another CA, and one that is not configured.
const KEYS: usize = 4;
const UNKNOWN: usize = 3;

static CAS: LazyLock<[Ca; KEYS]> = LazyLock::new(|| {
    let mut cas = ["one", "one", "two", "three"].map(Ca::named);
    // The old key of a CA that has a new one.
    cas[0].not_after = NOW + DAY * 20;
    cas
});

static LEAVES: LazyLock<[Vec<PeerCertificate>; 2]> = LazyLock::new(|| {
    [1, 2].map(|ca: usize| (0..SERIALS).map(|serial| CAS[ca].leaf(&[serial])).collect())
});

/// What a list is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Whole,
    Shard(u8),
    SomeReasons,
    Delta,
    ForCas,
    Indirect,
}

/// What a key has said: when it did, until when it is good, and which are revoked.
#[derive(Clone, Debug)]
struct Said {
    key: usize,
    kind: Kind,
    made: Timestamp,
    due: Timestamp,
    serials: BTreeSet<u8>,
    /// Cut off, or with a bit changed.
    is_damaged: bool,
}

impl Said {
    fn any(random: &mut Random, day: u64) -> Self {
        let key = random.below(KEYS as u64) as usize;
        let kind = match random.below(12) {
            0..5 => Kind::Whole,
            5..8 => Kind::Shard(random.below(2) as u8),
            8 => Kind::SomeReasons,
            9 => Kind::Delta,
            10 => Kind::ForCas,
            _ => Kind::Indirect,
        };
        // Some were made long ago, and some in the future.
        let age = random.below(12);
        let made = Timestamp::from_millis(
            NOW.as_millis() + day * DAY.as_millis() as u64 + random.below(1 << 20) * 1000
                - age * DAY.as_millis() as u64,
        );
        Self {
            key,
            kind,
            made: Timestamp::from_millis(made.as_millis() / 1000 * 1000),
            due: made + DAY * (1 + random.below(9) as u32),
            serials: (0..SERIALS).filter(|_| random.one_in(3)).collect(),
            is_damaged: random.one_in(8),
        }
    }

    fn der(&self) -> Vec<u8> {
        let serials: Vec<_> = self.serials.iter().copied().collect();
        let mut list = List {
            this_update: self.made,
            next_update: self.due,
            ..List::of(&serials)
        };
        list = match self.kind {
            Kind::Whole => list,
            Kind::Shard(n) => list.shard(&format!("http://c/{n}")),
            Kind::SomeReasons => list.scope(&[element(0x83, [1, 0x60])]),
            Kind::Delta => list.extension(27, false, element(0x02, [1])),
            Kind::ForCas => list.scope(&[element(0x82, [0xff])]),
            Kind::Indirect => list.scope(&[element(0x84, [0xff])]),
        };
        let mut der = list.signed_by(&CAS[self.key]);
        if self.is_damaged {
            let at = der.len() - 1 - self.serials.len();
            match self.serials.len() % 2 {
                0 => der[at] ^= 1,
                _ => der.truncate(at),
            }
        }
        der
    }
}

#[derive(Clone, Debug)]
struct Place {
    made: Timestamp,
    due: Timestamp,
    serials: BTreeSet<u8>,
}

#[derive(Default)]
struct Model(BTreeMap<(usize, Kind), Place>);

impl Model {
    /// A file was read, at this time.
    fn read(&mut self, file: &[Said], now: Timestamp) {
        let usable = |said: &&Said| {
            !said.is_damaged
                && said.key != UNKNOWN
                && CAS[said.key].not_after >= now
                && !matches!(said.kind, Kind::Delta | Kind::ForCas | Kind::Indirect)
                && said.made <= now + std::time::Duration::from_secs(300)
        };
        let before = self.0.clone();
        for said in file.iter().filter(usable) {
            let place = (said.key, said.kind);
            // What is overdue comes in only where nothing else is known of the place, or only
            // what is overdue too.
            if said.due < now {
                let mut came = file.iter().filter(usable);
                let is_renewed =
                    came.any(|other| (other.key, other.kind) == place && other.due >= now);
                let is_known = before.get(&place).is_some_and(|held| held.due >= now);
                if is_renewed || is_known {
                    continue;
                }
            }
            let new = Place {
                made: said.made,
                due: said.due,
                serials: said.serials.clone(),
            };
            match self.0.get_mut(&place) {
                Some(held) if held.made > new.made => {}
                // The same second twice: both count.
                Some(held) if held.made == new.made && held.serials != new.serials => {
                    unreachable!("no two lists are made in the same second");
                }
                _ => drop(self.0.insert(place, new)),
            }
        }
        // A list of all certificates also ends what was said before it of a part of them.
        let wholes = self.0.iter().filter(|((_, kind), _)| *kind == Kind::Whole);
        let wholes: BTreeMap<usize, Timestamp> =
            wholes.map(|((key, _), held)| (*key, held.made)).collect();
        self.0.retain(|(key, kind), held| {
            *kind == Kind::Whole || wholes.get(key).is_none_or(|made| held.made > *made)
        });
    }

    fn keys(ca: usize) -> &'static [usize] {
        [&[0, 1][..], &[2]][ca]
    }

    fn is_revoked(&self, ca: usize, serial: u8) -> bool {
        self.0
            .iter()
            .any(|((key, _), held)| Self::keys(ca).contains(key) && held.serials.contains(&serial))
    }

    fn is_overdue(&self, ca: usize, now: Timestamp) -> bool {
        let of_ca = |key: &usize| Self::keys(ca).contains(key);
        let signs = |key: &usize| CAS[*key].not_after >= now;
        let is_any_to_come = self.0.keys().any(|(key, _)| of_ca(key) && signs(key));
        self.0
            .iter()
            .any(|((key, _), held)| of_ca(key) && held.due < now && (signs(key) || !is_any_to_come))
    }
}

fn walk(sequences: RangeInclusive<u64>) {
    let cas: Vec<_> = CAS[..UNKNOWN].iter().map(Ca::ca).collect();
    let verifier = CrlVerifier::new(&cas);
    // How often each of the three verdicts was right.
    let mut judged = [0_u64; 3];
    for seed in sequences {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let (list, mut model) = (RevocationList::new(), Model::default());
        let mut history: Vec<Said> = Vec::new();
        let mut made = BTreeSet::new();
        let mut day = 12;
        for file in 0..FILES {
            let mut lists = Vec::new();
            for _ in 0..random.below(4) {
                // Now and then an old one is played back.
                let said = match history.is_empty() || !random.one_in(4) {
                    true => Said::any(&mut random, day),
                    false => history[random.below(history.len() as u64) as usize].clone(),
                };
                let is_known = history.iter().any(|old| old.made == said.made);
                if is_known || made.insert(said.made) {
                    history.push(said.clone());
                    lists.push(said);
                }
            }
            let now = NOW + DAY * u32::try_from(day).unwrap();
            let ders: Vec<_> = lists.iter().map(Said::der).collect();
            list.load("file", &ders, &verifier, now);
            model.read(&lists, now);
            for ca in 0..2 {
                for serial in 0..SERIALS {
                    let status = list.status(&LEAVES[ca][usize::from(serial)], now);
                    let expected = match model.is_revoked(ca, serial) {
                        true => Revoked,
                        false if model.is_overdue(ca, now) => Unknown,
                        false => Good,
                    };
                    judged[expected as usize] += 1;
                    assert_eq!(
                        status, expected,
                        "sequence {seed}, file {file}, CA {ca}, serial {serial}: {lists:#?}"
                    );
                }
            }
            day += random.below(4);
        }
    }
    assert!(
        judged.iter().all(|count| *count > SEQUENCES / PARTS),
        "{judged:?}"
    );
}

/// In parts that run side by side.
const PARTS: u64 = 4;

const fn part(n: u64) -> RangeInclusive<u64> {
    n * SEQUENCES / PARTS + 1..=(n + 1) * SEQUENCES / PARTS
}

#[test]
fn p8_whatever_files_come_a_certificate_that_is_revoked_is_not_let_in_1_of_4() {
    walk(part(0));
}

#[test]
fn p8_whatever_files_come_a_certificate_that_is_revoked_is_not_let_in_2_of_4() {
    walk(part(1));
}

#[test]
fn p8_whatever_files_come_a_certificate_that_is_revoked_is_not_let_in_3_of_4() {
    walk(part(2));
}

#[test]
fn p8_whatever_files_come_a_certificate_that_is_revoked_is_not_let_in_4_of_4() {
    walk(part(3));
}

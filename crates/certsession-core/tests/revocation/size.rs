//! How long a list of a million entries takes to load, and how much memory. Run by
//! `just measure-crl`.

use std::time::Instant;

use certsession_core::{
    CrlVerifier, MemoryStore, RevocationList, RevocationStatus, SerialNumber, SessionManager,
};

use crate::der::{Ca, List, NOW};

/// The entries of the list that is measured.
const ENTRIES: usize = 1_000_000;

/// The memory of this process, in MiB.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024.0
}

/// The time that this process has had a processor, in seconds.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks = |n: usize| fields[n].parse::<f64>().unwrap();
    // utime and stime, in ticks of 10 ms.
    (ticks(11) + ticks(12)) / 100.0
}

#[test]
#[ignore = "a measurement: just measure-crl"]
fn a_list_of_a_million_entries_is_loaded() {
    let ca = Ca::named("ca");
    // Serial numbers as CAs draw them: 16 bytes.
    let serial = |n: usize| {
        let hash = ring::digest::digest(&ring::digest::SHA256, &n.to_be_bytes());
        let mut serial = hash.as_ref()[..16].to_vec();
        serial[0] = serial[0] & 0x3f | 0x40;
        serial
    };
    let mut entries = Vec::with_capacity(40 * ENTRIES);
    for n in 0..ENTRIES {
        // An entry: its serial number, and a date.
        entries.extend_from_slice(&[0x30, 33, 0x02, 16]);
        entries.extend_from_slice(&serial(n));
        entries.extend_from_slice(b"\x17\x0d291231000000Z");
    }
    let der = List::of(&[]).signed_with(entries, &ca);
    let cas = [ca.ca()];
    let verifier = CrlVerifier::new(&cas).max_size(256 << 20);
    let before = memory();
    let list = RevocationList::new();
    let (began, used) = (Instant::now(), cpu());
    let report = list.load("file", &[&der], &verifier, NOW);
    let (loaded, used) = (began.elapsed(), cpu() - used);
    let after = memory();
    assert_eq!((report.problems().len(), list.len()), (0, ENTRIES));

    // A manager learns of every entry, whose sessions are to be ended.
    let began = Instant::now();
    let sessions = SessionManager::builder(MemoryStore::new())
        .revocations(&list)
        .build();
    let subscribed = began.elapsed();
    let with_manager = memory();
    let leaf = ca.leaf(&serial(ENTRIES / 2));
    assert_eq!(
        leaf.serial(),
        &SerialNumber::from_bytes(&serial(ENTRIES / 2))
    );
    let began = Instant::now();
    for _ in 0..100_000 {
        assert_eq!(list.status(&leaf, NOW), RevocationStatus::Revoked);
    }
    let asked = began.elapsed() / 100_000;
    println!("entries            {ENTRIES}");
    println!(
        "list               {:.1} MiB of DER",
        der.len() as f64 / f64::from(1 << 20)
    );
    println!("load               {used:.2} s of a processor ({loaded:.1?} passed)");
    println!("memory of the list {:.0} MiB", after - before);
    println!(
        "a manager more     {subscribed:.1?}, {:.0} MiB",
        with_manager - after
    );
    println!("one look-up        {asked:.0?}");
    drop(sessions);
}

//! `revocation-check`: the cost of the revocation check per request, with 0, 1,000 and 100,000
//! entries. `just bench-revocation` runs it and updates the table in `docs/performance.md`.
//!
//! Valgrind counts the instructions: the difference between a process that checks many times and
//! one that checks a few times. The measured operation is a whole `SessionManager::open` without a
//! cookie.

use std::error::Error;
use std::fmt::Write as _;
use std::future::Future;
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use certs_dev::{Authority, LeafRequest};
use certsession_benches::{Page, describe_machine, instructions, revocation_list};
use certsession_core::{
    CaCertificate, Clock, Crl, MemoryStore, OnOverdueCrl, PeerCertificate, PeerState, Presented,
    RevocationList, SessionManager, SystemClock,
};

const ENTRIES: [u32; 3] = [0, 1_000, 100_000];
const FEW: u32 = 1_000;
const MANY: u32 = 51_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<u32> = std::env::args()
        .skip(1)
        .map(|argument| argument.parse())
        .collect::<Result<_, _>>()?;
    if let [entries, requests] = arguments[..] {
        return World::new(entries)?.ask(requests);
    }
    let mut rows = String::new();
    for entries in ENTRIES {
        writeln!(io::stderr(), "measuring {entries} entries")?;
        let asking = |requests: u32| {
            let program = std::env::current_exe()?;
            instructions(
                &program,
                [entries, requests].map(|number| number.to_string()),
            )
        };
        let counted = asking(MANY)? - asking(FEW)?;
        let per_request = counted / u64::from(MANY - FEW);
        let world = World::new(entries)?;
        let nanoseconds = world.nanoseconds()?;
        writeln!(
            rows,
            "| {entries} | {per_request} | {nanoseconds} | {} | {:.1} |",
            world.size,
            world.loaded_in.as_secs_f64() * 1000.0,
        )?;
    }
    let report = format!(
        "## The revocation check\n\n`just bench-revocation` wrote this, on: {}. A request without \
         a cookie under a certificate that is not on the list. *Instructions* are counted by \
         valgrind (a set without entries answers before it hashes: some 250 fewer); *loading* is \
         the time to verify a list and put it into force, once for each new list.\n\n
         | entries | instructions per request | ns per request | bytes of the list | loading, ms \
         |\n\
         |---:|---:|---:|---:|---:|\n{rows}",
        describe_machine()
    );
    let page = Page::Performance.replace_section("revocation-check", &report)?;
    writeln!(io::stdout(), "{report}\nwritten into {}", page.display())?;
    Ok(())
}

/// The rules, with a list in force, and a client.
struct World {
    sessions: SessionManager<MemoryStore>,
    peer: PeerState,
    size: usize,
    loaded_in: Duration,
}

impl World {
    fn new(entries: u32) -> Result<Self, Box<dyn Error>> {
        let authority = Authority::new("bench CA")?;
        let file = revocation_list(&authority, entries)?;
        let authorities = [CaCertificate::from_der(authority.certificate_der())?];
        let began = Instant::now();
        let crl = Crl::verify(
            file.der(),
            &authorities,
            OnOverdueCrl::Refuse,
            SystemClock.now(),
        )?;
        let revoked = RevocationList::new();
        revoked.replace("bench", vec![crl])?;
        let loaded_in = began.elapsed();
        let leaf = authority.issue(&LeafRequest::client("alice"))?;
        let peer = PeerCertificate::from_der(leaf.certificate_der())?;
        let builder = SessionManager::builder(MemoryStore::with_capacity(1));
        Ok(Self {
            sessions: builder.revocations(&revoked).build(),
            peer: PeerState::Verified(Arc::new(peer)),
            size: file.der().len(),
            loaded_in,
        })
    }

    fn ask(&self, requests: u32) -> Result<(), Box<dyn Error>> {
        for _ in 0..requests {
            black_box(now(self.sessions.open(Presented::None, &self.peer))?);
        }
        Ok(())
    }

    /// The time in the fastest of many rounds, which excludes other activity of the machine.
    fn nanoseconds(&self) -> Result<u128, Box<dyn Error>> {
        const ROUND: u32 = 10_000;
        let mut quickest = Duration::MAX;
        for _ in 0..100 {
            let began = Instant::now();
            self.ask(ROUND)?;
            quickest = quickest.min(began.elapsed());
        }
        Ok(quickest.as_nanos() / u128::from(ROUND))
    }
}

/// The memory store's futures are always ready.
fn now<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("the memory store never waits"),
    }
}

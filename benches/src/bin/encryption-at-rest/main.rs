//! `encryption-at-rest`: what `encrypt_data` costs a request, beside a session that is not encrypted.
//! `just bench-encryption` runs it and updates the table in `docs/performance.md`.
//!
//! Valgrind counts the instructions: the difference between a process that makes many requests and
//! one that makes a few. A request opens the session in the memory store, reads or writes one key of
//! about 80 bytes among six, and commits. Callgrind's processor has no AES and SHA instructions, so
//! the time is measured too.

use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use certs_dev::{Authority, LeafRequest};
use certsession_benches::{Page, describe_machine, instructions};
use certsession_core::{
    CookieChange, Key, MemoryStore, PeerState, Presented, Session, SessionManager,
};

const FEW: u32 = 200;
const MANY: u32 = 2_200;

const NAMES: [&str; 6] = ["cart", "colour", "language", "last", "name", "seen"];
const VALUE: Key<String> = Key::new("cart");

type Fault = Box<dyn Error>;

/// Whether a request writes, and whether its session is encrypted.
#[derive(Clone, Copy)]
struct Case {
    writes: bool,
    encrypts: bool,
}

fn main() -> Result<(), Fault> {
    let arguments: Vec<u32> = std::env::args()
        .skip(1)
        .map(|argument| argument.parse())
        .collect::<Result<_, _>>()?;
    if let [writes, encrypts, requests] = arguments[..] {
        let case = Case {
            writes: writes == 1,
            encrypts: encrypts == 1,
        };
        return World::new(case)?.ask(requests);
    }
    let mut rows = String::new();
    for (name, writes) in [("read", false), ("write", true)] {
        let (plain, plain_time) = measure(writes, false)?;
        let (sealed, sealed_time) = measure(writes, true)?;
        writeln!(
            rows,
            "| {name} | {plain} | {sealed} | {plain_time} | {sealed_time} |"
        )?;
    }
    let report = format!(
        "## Encryption at rest\n\n`just bench-encryption` wrote this, on: {}. A request to a \
         session of six keys (500 bytes) in the memory store, without HTTP: it opens the session, \
         reads or writes one key, and commits. *Instructions* are counted by valgrind, whose \
         processor has no instructions for AES and SHA; *ns* is the time of the fastest of 100 \
         rounds.\n\n\
         | | instructions: not encrypted | encrypted | ns: not encrypted | encrypted |\n\
         |---|---:|---:|---:|---:|\n{rows}",
        describe_machine()
    );
    let page = Page::Performance.replace_section("encryption", &report)?;
    writeln!(io::stdout(), "{report}\nwritten into {}", page.display())?;
    Ok(())
}

/// The instructions and the nanoseconds of one request.
fn measure(writes: bool, encrypts: bool) -> Result<(u64, u128), Fault> {
    writeln!(
        io::stderr(),
        "measuring: writes {writes}, encrypts {encrypts}"
    )?;
    let asking = |requests: u32| {
        let program = std::env::current_exe()?;
        let arguments = [u32::from(writes), u32::from(encrypts), requests];
        instructions(&program, arguments.map(|number| number.to_string()))
    };
    let counted = asking(MANY)?.saturating_sub(asking(FEW)?);
    let nanoseconds = World::new(Case { writes, encrypts })?.nanoseconds()?;
    Ok((counted / u64::from(MANY - FEW), nanoseconds))
}

/// The rules, and a client with a session.
struct World {
    sessions: SessionManager<MemoryStore>,
    peer: PeerState,
    cookie: String,
    case: Case,
}

impl World {
    fn new(case: Case) -> Result<Self, Fault> {
        let authority = Authority::new("bench CA")?;
        let leaf = authority.issue(&LeafRequest::client("alice"))?;
        let rules = SessionManager::builder(MemoryStore::with_capacity(1));
        let rules = match case.encrypts {
            true => rules.encrypt_data(),
            false => rules,
        };
        let mut world = Self {
            sessions: rules.build(),
            peer: PeerState::from_leaf(Some(leaf.certificate_der())),
            cookie: String::new(),
            case,
        };
        let mut session = now(world.sessions.open(Presented::None, &world.peer))?;
        for name in NAMES {
            session.insert(&Key::<String>::new(name), &"v".repeat(75))?;
        }
        world.commit(&mut session)?;
        let Some(CookieChange::Set(token)) = session.take_cookie() else {
            return Err("the session got no token".into());
        };
        world.cookie = token.expose();
        Ok(world)
    }

    fn commit(&self, session: &mut Session) -> Result<(), Fault> {
        if let Some(pending) = session.begin_commit() {
            session.finish_commit(now(self.sessions.execute(pending)))?;
        }
        Ok(())
    }

    fn ask(&self, requests: u32) -> Result<(), Fault> {
        for number in 0..requests {
            let presented = Presented::One(self.cookie.as_bytes());
            let mut session = now(self.sessions.open(presented, &self.peer))?;
            match self.case.writes {
                true => session.insert(&VALUE, &format!("{number:075}"))?,
                false => {
                    black_box(session.get(&VALUE)?.ok_or("the session has lost a value")?);
                }
            }
            self.commit(&mut session)?;
        }
        Ok(())
    }

    /// The time in the fastest of many rounds, which excludes other activity of the machine.
    fn nanoseconds(&self) -> Result<u128, Fault> {
        const ROUND: u32 = 1_000;
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
    use std::task::{Context, Poll, Waker};

    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("the memory store never waits"),
    }
}

//! Races over the network, between servers that share only Redis.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use certs_dev::{Authority, LeafRequest};
use certsession_core::{
    Admission, CookieChange, Key, OnLimit, Owner, PeerState, Presented, Session, SessionError,
    SessionManager,
};
use certsession_redis::RedisStore;
use certsession_tests::redis::{self, RedisServer};
use certsession_tests::stores::new_prefix;
use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;

const KEY: Key<u64> = Key::new("key");
const LIMIT: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);

/// One of the servers: with its own runtime, store and rules.
struct Server {
    runtime: Runtime,
    site: Site,
}

#[derive(Clone)]
struct Site {
    sessions: SessionManager<RedisStore>,
    peer: PeerState,
}

/// Servers of one application.
fn servers(count: usize, redis: &RedisServer, admission: Option<Admission>) -> Vec<Server> {
    let authority = Authority::new("certsession test CA").unwrap();
    let alice = authority.issue(&LeafRequest::client("alice")).unwrap();
    let peer = PeerState::from_leaf(Some(alice.certificate_der()));
    let prefix = new_prefix();
    let open = |_| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let store = RedisStore::builder(&redis.url()).unwrap();
        // This test does not check that replies arrive in time.
        let store = store
            .key_prefix(&prefix)
            .timeout(std::time::Duration::from_secs(30));
        let store = runtime.block_on(store.connect()).unwrap();
        let mut rules = SessionManager::builder(store);
        if let Some(admission) = admission {
            rules = rules.admission(admission);
        }
        let (sessions, peer) = (rules.build(), peer.clone());
        Server {
            runtime,
            site: Site { sessions, peer },
        }
    };
    (0..count).map(open).collect()
}

/// Runs the same on each server, concurrently, and returns the results in their order.
fn at_once<T: Send, F: Future<Output = T>>(
    servers: &[Server],
    work: impl Fn(usize, Site) -> F + Sync,
) -> Vec<T> {
    thread::scope(|scope| {
        let running: Vec<_> = servers
            .iter()
            .enumerate()
            .map(|(n, server)| {
                let work = &work;
                scope.spawn(move || server.runtime.block_on(work(n, server.site.clone())))
            })
            .collect();
        running.into_iter().map(|it| it.join().unwrap()).collect()
    })
}

impl Site {
    async fn open(&self, token: &str) -> Session {
        let presented = match token {
            "" => Presented::None,
            token => Presented::One(token.as_bytes()),
        };
        self.sessions.open(presented, &self.peer).await.unwrap()
    }

    /// Commits; returns the new token, if there is one.
    async fn commit(&self, session: &mut Session) -> Result<Option<String>, SessionError> {
        if let Some(pending) = session.begin_commit() {
            session.finish_commit(self.sessions.execute(pending).await)?;
        }
        Ok(match session.take_cookie() {
            Some(CookieChange::Set(token)) => Some(token.expose()),
            _ => None,
        })
    }

    async fn sign_in(&self, token: &str) -> Result<Option<String>, SessionError> {
        let mut session = self.open(token).await;
        session.sign_in("alice").unwrap();
        self.commit(&mut session).await
    }

    async fn begin(&self) -> String {
        let mut session = self.open("").await;
        session.insert(&KEY, &0).unwrap();
        self.commit(&mut session).await.unwrap().unwrap()
    }

    async fn is_valid(&self, token: &str) -> bool {
        self.open(token).await.handle().is_some()
    }

    async fn count_valid(&self, tokens: &[String]) -> usize {
        let valid = join_all(tokens.iter().map(|token| self.is_valid(token))).await;
        valid.into_iter().filter(|is_valid| *is_valid).count()
    }
}

fn alice() -> Owner {
    Owner::principal("alice").unwrap()
}

/// Runs a thousand concurrent sign-ins on four servers, half of them in existing sessions. Returns
/// how many were refused, how many of their tokens are valid, and how many sessions are listed.
///
/// The cost of a sign-in must not grow with the number of concurrent ones: otherwise a principal
/// could keep the server busy.
fn a_thousand_sign_ins(on_limit: OnLimit) -> (usize, usize, usize) {
    let admission = Admission::at_most(LIMIT).on_limit(on_limit);
    let servers = servers(4, redis::shared(), Some(admission));
    let before = redis::shared().commandstats();
    let outcomes = at_once(&servers, async |_, site| {
        let before = join_all((0..125).map(|_| site.begin())).await;
        let watch = async {
            for _ in 0..20 {
                let listed = site.sessions.sessions(&alice()).await.unwrap().len();
                assert!(listed <= LIMIT.get() as usize, "{listed} at once");
            }
        };
        let fresh = (0..125).map(|_| site.sign_in(""));
        let within = before.iter().map(|token| site.sign_in(token));
        let (outcomes, ()) = tokio::join!(join_all(fresh.chain(within)), watch);
        outcomes
    });
    let commands: u64 = redis::shared().commands_since(&before).values().sum();
    assert!(commands <= 100 * 1000, "{commands} commands");
    let (mut tokens, mut refused) = (Vec::new(), 0);
    for outcome in outcomes.into_iter().flatten() {
        match outcome {
            Ok(token) => tokens.push(token.unwrap()),
            Err(SessionError::LimitReached) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    let Server { runtime, site } = &servers[0];
    let valid = runtime.block_on(site.count_valid(&tokens));
    let listed = runtime.block_on(site.sessions.sessions(&alice())).unwrap();
    (refused, valid, listed.len())
}

#[test]
fn a_thousand_sign_ins_on_four_servers_never_leave_more_than_five_if_the_oldest_end() {
    let outcome = a_thousand_sign_ins(OnLimit::EvictOldest);
    assert_eq!(outcome, (0, 5, 5));
}

#[test]
fn a_thousand_sign_ins_on_four_servers_never_leave_more_than_five_if_others_are_refused() {
    let outcome = a_thousand_sign_ins(OnLimit::Refuse);
    assert_eq!(outcome, (995, 5, 5));
}

#[test]
fn revoking_all_against_200_sign_ins_and_writers_leaves_none_of_the_earlier_sessions() {
    let servers = servers(4, redis::shared(), None);
    for _ in 0..10 {
        let earlier = at_once(&servers, async |_, site| {
            let signing_in = join_all((0..50).map(|_| site.sign_in(""))).await;
            signing_in.into_iter().map(|token| token.unwrap().unwrap())
        });
        let earlier: Vec<_> = earlier.into_iter().flatten().collect();
        at_once(&servers, async |n, site| {
            let mine = &earlier[n * 50..(n + 1) * 50];
            let write = async |token: &String| {
                let mut session = site.open(token).await;
                if session.insert(&KEY, &1).is_ok() {
                    let _ended = site.commit(&mut session).await;
                }
            };
            let again = async |token: &String| {
                let _ended = site.sign_in(token).await;
            };
            let revoke = async {
                if n == 0 {
                    site.sessions.revoke_all(&alice()).await.unwrap();
                }
            };
            tokio::join!(
                join_all((0..50).map(|_| site.sign_in(""))),
                join_all(mine.iter().map(write)),
                join_all(mine.iter().map(again)),
                revoke,
            );
        });
        let Server { runtime, site } = &servers[0];
        assert_eq!(runtime.block_on(site.count_valid(&earlier)), 0);
        runtime
            .block_on(site.sessions.revoke_all(&alice()))
            .unwrap();
        let outcome = runtime.block_on(site.sessions.sessions(&alice())).unwrap();
        assert_eq!(outcome.len(), 0);
    }
}

#[test]
fn a_logout_against_a_slow_writer_a_thousand_times_revives_nothing() {
    const AT_ONCE: usize = 100;
    const HEAD_START: Duration = Duration::from_millis(1);
    let servers = servers(2, redis::shared(), None);
    let Server { runtime, site } = &servers[0];
    let (mut wrote, mut was_late) = (0, 0);
    for round in 0..1000 / AT_ONCE {
        let tokens: Vec<_> = runtime.block_on(join_all((0..AT_ONCE).map(|_| site.begin())));
        let start = Arc::new(Barrier::new(2));
        let outcomes = at_once(&servers, async |n, site| {
            let opened = join_all(tokens.iter().map(|token| site.open(token))).await;
            start.wait().await;
            // A hundred commands are sent as one batch, and the first batch decides for all of
            // them. In two of three rounds one side is delayed, so that neither is always first.
            if round % 3 == n {
                tokio::time::sleep(HEAD_START).await;
            }
            let requests = opened.into_iter().map(async |mut session| {
                match n {
                    0 => session.end().unwrap(),
                    _ => write(&mut session).unwrap(),
                }
                site.commit(&mut session).await
            });
            join_all(requests).await
        });
        let [ends, writes] = <[_; 2]>::try_from(outcomes).unwrap();
        assert!(ends.iter().all(|end| matches!(end, Ok(None))));
        for written in writes {
            match written {
                Ok(None) => wrote += 1,
                Err(SessionError::Gone) => was_late += 1,
                other => panic!("a new token, or: {other:?}"),
            }
        }
        assert_eq!(runtime.block_on(site.count_valid(&tokens)), 0);
    }
    assert!(wrote > 0 && was_late > 0, "no race: {wrote} and {was_late}");
}

fn write(session: &mut Session) -> Result<(), SessionError> {
    session.insert(&KEY, &1)
}

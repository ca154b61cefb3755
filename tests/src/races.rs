//! Races between servers of one application that share only a store.
//!
//! Each test of a store says how many servers and requests there are; what happens is the same.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use certsession_core::{Admission, OnLimit, Page, SessionError, SessionStore};
use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;

use crate::rules::{KEY, Site, alice, new_peer};

const LIMIT: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);

/// One of the servers: with its own runtime, store and rules.
pub struct Server<S> {
    runtime: Runtime,
    site: Site<S>,
}

/// What became of a sign-in.
pub type SignIn = Result<Option<String>, SessionError>;

/// At most five sessions of a principal.
pub fn at_most_five(on_limit: OnLimit) -> Admission {
    Admission::at_most(LIMIT).on_limit(on_limit)
}

/// Servers of one application, each over a store of its own that `open` connects.
///
/// # Panics
///
/// If a runtime cannot be started.
pub fn servers<S: SessionStore>(
    count: usize,
    admission: Option<Admission>,
    open: impl AsyncFn() -> S,
) -> Vec<Server<S>> {
    let peer = new_peer();
    let start = |_| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let store = runtime.block_on(open());
        let site = Site::new(store, peer.clone(), admission);
        Server { runtime, site }
    };
    (0..count).map(start).collect()
}

/// Runs the same on each server, concurrently, and returns the results in their order.
fn at_once<S: SessionStore, T: Send, F: Future<Output = T>>(
    servers: &[Server<S>],
    work: impl Fn(usize, Site<S>) -> F + Sync,
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

/// Concurrent sign-ins of alice: `each` on each server without a session, and as many in existing
/// sessions. Meanwhile no more than five are ever listed. Where the store does not list a moment
/// (`Harness::lists_moments`), a list of more may be of two moments, and only a second one counts.
///
/// # Panics
///
/// If more are listed.
pub fn sign_ins<S: SessionStore>(
    servers: &[Server<S>],
    each: usize,
    lists_moments: bool,
) -> Vec<SignIn> {
    let outcomes = at_once(servers, async |_, site| {
        let before = join_all((0..each).map(|_| site.begin())).await;
        let count = async || {
            let page = site.sessions.sessions(&alice(), &Page::default()).await;
            page.unwrap().sessions().len()
        };
        let watch = async {
            for _ in 0..20 {
                let mut listed = count().await;
                if listed > LIMIT.get() as usize && !lists_moments {
                    listed = count().await;
                }
                assert!(listed <= LIMIT.get() as usize, "{listed} at once");
            }
        };
        let fresh = (0..each).map(|_| site.sign_in(""));
        let within = before.iter().map(|token| site.sign_in(token));
        let (outcomes, ()) = tokio::join!(join_all(fresh.chain(within)), watch);
        outcomes
    });
    outcomes.into_iter().flatten().collect()
}

/// How many sign-ins were refused, how many of their tokens are active, and how many sessions are
/// listed.
///
/// # Panics
///
/// If a sign-in failed otherwise than by the limit.
pub fn count<S: SessionStore>(
    servers: &[Server<S>],
    sign_ins: Vec<SignIn>,
) -> (usize, usize, usize) {
    let (mut tokens, mut refused) = (Vec::new(), 0);
    for outcome in sign_ins {
        match outcome {
            Ok(token) => tokens.push(token.unwrap()),
            Err(SessionError::LimitReached) => refused += 1,
            Err(other) => panic!("{other}: {:?}", std::error::Error::source(&other)),
        }
    }
    let Server { runtime, site } = &servers[0];
    let active = runtime.block_on(site.count_active(&tokens));
    let (alice, first) = (alice(), Page::default());
    let page = site.sessions.sessions(&alice, &first);
    let listed = runtime.block_on(page).unwrap();
    (refused, active, listed.sessions().len())
}

/// Revokes all sessions of alice while `each` sign-ins and writers run on each server, `rounds`
/// times. None of the earlier sessions is left.
///
/// # Panics
///
/// If one is.
pub fn revoke_all_against_requests<S: SessionStore>(
    servers: &[Server<S>],
    rounds: usize,
    each: usize,
) {
    for _ in 0..rounds {
        let earlier = at_once(servers, async |_, site| {
            let signing_in = join_all((0..each).map(|_| site.sign_in(""))).await;
            signing_in.into_iter().map(|token| token.unwrap().unwrap())
        });
        let earlier: Vec<_> = earlier.into_iter().flatten().collect();
        at_once(servers, async |n, site| {
            let mine = &earlier[n * each..(n + 1) * each];
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
                join_all((0..each).map(|_| site.sign_in(""))),
                join_all(mine.iter().map(write)),
                // Only half of them: a sign-in replaces the token, so that without the others the
                // revocation would not be needed for the earlier ones to be gone.
                join_all(mine[..each / 2].iter().map(again)),
                revoke,
            );
        });
        let Server { runtime, site } = &servers[0];
        assert_eq!(runtime.block_on(site.count_active(&earlier)), 0);
        runtime
            .block_on(site.sessions.revoke_all(&alice()))
            .unwrap();
        let (alice, first) = (alice(), Page::default());
        let page = site.sessions.sessions(&alice, &first);
        assert_eq!(runtime.block_on(page).unwrap().sessions(), []);
    }
}

/// A logout against a writer of the same session, in a thousand sessions, `together` of
/// them at once. Nothing revives one, and each side is first at times.
///
/// In two of three rounds one side is delayed by `head_start`: requests of one moment may be sent
/// as one batch, and the first batch decides for all of them.
///
/// # Panics
///
/// If a session is revived, or one side is always first.
pub fn logout_against_writer<S: SessionStore>(
    servers: &[Server<S>],
    together: usize,
    mut head_start: Duration,
) {
    let Server { runtime, site } = &servers[0];
    let (mut wrote, mut was_late) = (0, 0);
    for round in 0..1000 / together {
        let tokens: Vec<_> = runtime.block_on(join_all((0..together).map(|_| site.begin())));
        let start = Arc::new(Barrier::new(2));
        let outcomes = at_once(servers, async |n, site| {
            let opened = join_all(tokens.iter().map(|token| site.open(token))).await;
            start.wait().await;
            if round % 3 == n {
                tokio::time::sleep(head_start).await;
            }
            let requests = opened.into_iter().map(async |mut session| {
                match n {
                    0 => session.end().unwrap(),
                    _ => session.insert(&KEY, &1).unwrap(),
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
        assert_eq!(runtime.block_on(site.count_active(&tokens)), 0);
        // On a busy machine it may be too short for either to win.
        if wrote == 0 || was_late == 0 {
            head_start *= 2;
        }
    }
    assert!(wrote > 0 && was_late > 0, "no race: {wrote} and {was_late}");
}

//! Races over the network, between servers that share nothing but the database.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use certsession_core::{Admission, CommitError, OnLimit};
use certsession_tests::firestore::{new_url, shared};
use certsession_tests::stores::firestore_settings;
use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;

use crate::site::{KEY, Site, alice, new_peer};

const LIMIT: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);

/// One of the servers: with a runtime, a store and rules of its own.
struct Server {
    runtime: Runtime,
    site: Site,
}

/// Servers of one application.
fn servers(count: usize, admission: Option<Admission>) -> Vec<Server> {
    let (url, peer) = (new_url(shared()), new_peer());
    let open = |_| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let settings = firestore_settings(&url).timeout(Duration::from_secs(60));
        let site = runtime.block_on(Site::with(settings, peer.clone(), admission));
        Server { runtime, site }
    };
    (0..count).map(open).collect()
}

/// Runs the same on each server, all at once, and returns what came out in their order.
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

/// Two hundred sign-ins at once, by four servers, half of them in sessions that exist. Returns how
/// many were refused, how many tokens of them are active, and how many sessions are listed.
fn two_hundred_sign_ins(on_limit: OnLimit) -> (usize, usize, usize) {
    let admission = Admission::at_most(LIMIT).on_limit(on_limit);
    let servers = servers(4, Some(admission));
    let outcomes = at_once(&servers, async |_, site| {
        let before = join_all((0..25).map(|_| site.begin())).await;
        let watch = async {
            for _ in 0..20 {
                let listed = site.sessions.sessions(&alice()).await.unwrap().len();
                assert!(listed <= LIMIT.get() as usize, "{listed} at once");
            }
        };
        let fresh = (0..25).map(|_| site.sign_in(""));
        let within = before.iter().map(|token| site.sign_in(token));
        let (outcomes, ()) = tokio::join!(join_all(fresh.chain(within)), watch);
        outcomes
    });
    let (mut tokens, mut refused) = (Vec::new(), 0);
    for outcome in outcomes.into_iter().flatten() {
        match outcome {
            Ok(token) => tokens.push(token.unwrap()),
            Err(CommitError::LimitReached) => refused += 1,
            Err(other) => panic!("{other}: {:?}", std::error::Error::source(&other)),
        }
    }
    let Server { runtime, site } = &servers[0];
    let active = runtime.block_on(site.how_many_are_active(&tokens));
    let listed = runtime.block_on(site.sessions.sessions(&alice())).unwrap();
    (refused, active, listed.len())
}

#[test]
fn two_hundred_sign_ins_of_four_servers_never_leave_more_than_five_where_the_oldest_end() {
    assert_eq!(two_hundred_sign_ins(OnLimit::EvictOldest), (0, 5, 5));
}

#[test]
fn two_hundred_sign_ins_of_four_servers_never_leave_more_than_five_where_others_are_refused() {
    assert_eq!(two_hundred_sign_ins(OnLimit::Refuse), (195, 5, 5));
}

#[test]
fn revoking_all_against_sign_ins_and_writers_leaves_none_of_the_earlier_sessions() {
    const EACH: usize = 25;
    let servers = servers(4, None);
    for _ in 0..5 {
        let earlier = at_once(&servers, async |_, site| {
            let signing_in = join_all((0..EACH).map(|_| site.sign_in(""))).await;
            signing_in.into_iter().map(|token| token.unwrap().unwrap())
        });
        let earlier: Vec<_> = earlier.into_iter().flatten().collect();
        at_once(&servers, async |n, site| {
            let mine = &earlier[n * EACH..(n + 1) * EACH];
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
                join_all((0..EACH).map(|_| site.sign_in(""))),
                join_all(mine.iter().map(write)),
                join_all(mine.iter().map(again)),
                revoke,
            );
        });
        let Server { runtime, site } = &servers[0];
        assert_eq!(runtime.block_on(site.how_many_are_active(&earlier)), 0);
        runtime
            .block_on(site.sessions.revoke_all(&alice()))
            .unwrap();
        let left = runtime.block_on(site.sessions.sessions(&alice())).unwrap();
        assert_eq!(left.len(), 0);
    }
}

#[test]
fn a_logout_against_a_slow_writer_a_thousand_times_brings_nothing_back() {
    const AT_ONCE: usize = 50;
    const HEAD_START: Duration = Duration::from_millis(2);
    let servers = servers(2, None);
    let Server { runtime, site } = &servers[0];
    let (mut wrote, mut was_late) = (0, 0);
    for round in 0..1000 / AT_ONCE {
        let tokens: Vec<_> = runtime.block_on(join_all((0..AT_ONCE).map(|_| site.begin())));
        let start = Arc::new(Barrier::new(2));
        let outcomes = at_once(&servers, async |n, site| {
            let opened = join_all(tokens.iter().map(|token| site.open(token))).await;
            start.wait().await;
            // In two rounds of three one side is held back, so that neither always comes first.
            if round % 3 == n {
                tokio::time::sleep(HEAD_START).await;
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
                Err(CommitError::Gone) => was_late += 1,
                other => panic!("a new token, or: {other:?}"),
            }
        }
        assert_eq!(runtime.block_on(site.how_many_are_active(&tokens)), 0);
    }
    assert!(wrote > 0 && was_late > 0, "no race: {wrote} and {was_late}");
}

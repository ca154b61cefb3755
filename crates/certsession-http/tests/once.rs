//! Values that exactly one of parallel requests gets, by the thousand.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::sync::Arc;
use std::time::Duration;

use certsession_core::test_util::{Fault, Faults, FaultyStore, SampleCommit, peer};
use certsession_core::{
    FlashLevel, Key, MemoryStore, OneTime, PeerState, RequestInfo, SessionManager, SessionStore,
    StoreOperation,
};
use certsession_http::{
    Error, HeaderFields, OpenRequest, RequestHead, SessionDriver, SiteFields, UnwritableField,
};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const TICKET: Key<u32> = Key::new("ticket");
const BESIDE: Key<u32> = Key::new("beside");
const OAUTH: OneTime<u32> = OneTime::new("oauth", Duration::from_secs(600));
const EXPIRED: OneTime<u32> = OneTime::new("expired", Duration::ZERO);
const RACES: u32 = 1000;
const REQUESTS: usize = 4;

/// An application's sessions, and one client of it.
struct World {
    driver: SessionDriver<FaultyStore<MemoryStore>>,
    faults: Faults,
    peer: PeerState,
    cookie: Option<String>,
}

/// The cookie of one response.
#[derive(Default)]
struct Cookie(Option<String>);

impl HeaderFields for Cookie {
    fn has_cache_control(&self) -> bool {
        false
    }

    fn set_no_store(&mut self) {}

    fn add_vary_cookie(&mut self) {}

    fn add_set_cookie(&mut self, value: &str) -> Result<(), UnwritableField> {
        self.0 = value.split(';').next().map(str::to_owned);
        Ok(())
    }
}

impl World {
    fn new() -> Self {
        let store = FaultyStore::new(MemoryStore::new());
        Self {
            faults: store.faults(),
            driver: SessionDriver::new(SessionManager::new(store)),
            peer: peer("alice"),
            cookie: None,
        }
    }

    async fn open(&self) -> OpenRequest {
        let head = RequestHead {
            cookies: self.cookie.iter().map(String::as_bytes),
            peer: &self.peer,
            reads_near: false,
            request: RequestInfo::default(),
            site: SiteFields::default(),
        };
        self.driver.open(head).await.unwrap()
    }

    async fn settle(&mut self, request: OpenRequest) {
        let settled = self.driver.settle(request).await;
        settled.committed.unwrap();
        let mut cookie = Cookie::default();
        if let Some(head) = settled.head {
            head.apply(&mut cookie).unwrap();
        }
        self.cookie = cookie.0.or(self.cookie.take());
    }

    /// Requests at the same time, each of which runs `handler`; how many it was true for.
    async fn race<H, F>(self: &Arc<Self>, handler: H) -> usize
    where
        H: Fn(certsession_http::RequestSession) -> F + Clone + Send + 'static,
        F: Future<Output = bool> + Send,
    {
        let start = Arc::new(Barrier::new(REQUESTS));
        let mut requests = JoinSet::new();
        for n in 0..REQUESTS {
            let (world, start, handler) = (Arc::clone(self), Arc::clone(&start), handler.clone());
            requests.spawn(async move {
                let request = world.open().await;
                start.wait().await;
                let session = request.session().clone();
                session
                    .insert(&Key::<usize>::named(format!("beside {n}")), &n)
                    .unwrap();
                let won = handler(session).await;
                world.driver.settle(request).await.committed.unwrap();
                won
            });
        }
        let won = requests.join_all().await;
        won.into_iter().filter(|won| *won).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_races_for_a_value_each_has_one_winner() {
    let mut world = World::new();
    for round in 0..RACES {
        let request = world.open().await;
        request.session().insert(&TICKET, &round).unwrap();
        world.settle(request).await;
        let shared = Arc::new(world);
        let winners = shared.race(move |session| async move {
            match session.take_once(&TICKET).await.unwrap() {
                Some(ticket) => {
                    assert_eq!(ticket, round);
                    true
                }
                None => false,
            }
        });
        assert_eq!(winners.await, 1, "round {round}");
        world = Arc::into_inner(shared).unwrap();
    }
    let request = world.open().await;
    assert_eq!(
        request.session().entries().unwrap().len(),
        REQUESTS,
        "nothing beside was lost"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_oauth_callback_that_comes_several_times_at_once_is_answered_once() {
    let mut world = World::new();
    for round in 0..100 {
        let request = world.open().await;
        let state = request.session().issue(&OAUTH, &round).unwrap();
        world.settle(request).await;
        let shared = Arc::new(world);
        let winners = shared.race(move |session| {
            let state = state.clone();
            async move {
                session
                    .redeem(&OAUTH, state.as_str())
                    .await
                    .unwrap()
                    .is_some()
            }
        });
        assert_eq!(winners.await, 1);
        world = Arc::into_inner(shared).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_value_that_has_expired_fails_none_of_the_requests_that_ask_for_it() {
    let mut world = World::new();
    for round in 0..100 {
        let request = world.open().await;
        let state = request.session().issue(&EXPIRED, &round).unwrap();
        world.settle(request).await;
        let shared = Arc::new(world);
        // Each also writes beside it, and has to succeed.
        let winners = shared.race(move |session| {
            let state = state.clone();
            async move {
                let value = session.redeem(&EXPIRED, state.as_str()).await;
                value.unwrap().is_some()
            }
        });
        assert_eq!(winners.await, 0);
        world = Arc::into_inner(shared).unwrap();
    }
    let request = world.open().await;
    assert_eq!(
        request.session().entries().unwrap().len(),
        REQUESTS,
        "the value is gone, and nothing beside was lost"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn messages_that_cannot_be_read_fail_none_of_the_pages_that_would_show_them() {
    let mut world = World::new();
    for _ in 0..100 {
        let request = world.open().await;
        request.session().insert(&BESIDE, &0).unwrap();
        world.settle(request).await;
        // As a later version of the framework could have written it.
        let record = world.open().await.session().record().unwrap();
        let unreadable = SampleCommit::on(&record).insert("certsession.flash.0", "[0]");
        let store = world.driver.manager().store();
        store.commit(unreadable.build()).await.unwrap();
        let shared = Arc::new(world);
        let pages =
            shared.race(|session| async move { session.take_flashes().await.unwrap().is_empty() });
        assert_eq!(pages.await, REQUESTS);
        world = Arc::into_inner(shared).unwrap();
    }
    let request = world.open().await;
    assert_eq!(
        request.session().entries().unwrap().len(),
        1 + REQUESTS,
        "the message is gone, and nothing beside was lost"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_first_value_is_written_by_one_of_parallel_requests() {
    let mut world = World::new();
    for _ in 0..100 {
        let request = world.open().await;
        request.session().remove(&TICKET).unwrap();
        request.session().insert(&BESIDE, &0).unwrap();
        world.settle(request).await;
        let shared = Arc::new(world);
        let winners = shared
            .race(|session| async move { session.insert_if_absent(&TICKET, &1).await.unwrap() });
        assert_eq!(winners.await, 1);
        world = Arc::into_inner(shared).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_page_that_is_loaded_at_the_same_time_has_a_valid_form() {
    for _ in 0..100 {
        let mut world = World::new();
        let request = world.open().await;
        request.session().insert(&BESIDE, &0).unwrap();
        world.settle(request).await;
        let world = Arc::new(world);
        let (send, receive) = std::sync::mpsc::channel();
        let pages = world.race(move |session| {
            let send = send.clone();
            async move {
                let token = session.csrf_token().await.unwrap().unwrap();
                send.send(token).unwrap();
                true
            }
        });
        assert_eq!(pages.await, REQUESTS);
        let request = world.open().await;
        for token in receive.try_iter() {
            request.session().check_csrf(token.as_str()).unwrap();
        }
        let error = request.session().check_csrf("").unwrap_err();
        assert_eq!(error.status(), 403);
    }
}

#[tokio::test]
async fn messages_survive_one_redirect() {
    let mut world = World::new();
    let request = world.open().await;
    request
        .session()
        .flash(FlashLevel::Success, "sent")
        .unwrap();
    request
        .session()
        .flash(FlashLevel::Warning, "late")
        .unwrap();
    world.settle(request).await;
    let request = world.open().await;
    let shown = request.session().take_flashes().await.unwrap();
    let shown: Vec<_> = shown
        .iter()
        .map(|flash| (flash.level().as_str(), flash.text()))
        .collect();
    assert_eq!(shown, [("success", "sent"), ("warning", "late")]);
    world.settle(request).await;
    let request = world.open().await;
    assert_eq!(request.session().take_flashes().await.unwrap(), []);
}

#[tokio::test]
async fn p6_a_value_is_given_to_no_one_while_the_store_is_down() {
    let mut world = World::new();
    let request = world.open().await;
    request.session().insert(&TICKET, &1).unwrap();
    world.settle(request).await;
    let request = world.open().await;
    world
        .faults
        .fail_next(StoreOperation::Commit, Fault::Before);
    let error = request.session().take_once(&TICKET).await.unwrap_err();
    assert!(matches!(error, Error::Store(_)), "{error}");
    world.settle(request).await;
    let request = world.open().await;
    let taken = request.session().take_once(&TICKET).await.unwrap();
    assert_eq!(taken, Some(1), "it is still there");
}

#[tokio::test]
async fn a_value_is_taken_after_the_response_head_too() {
    let mut world = World::new();
    let request = world.open().await;
    request.session().insert(&TICKET, &1).unwrap();
    world.settle(request).await;
    let request = world.open().await;
    let mut late = request.session().late();
    world.settle(request).await;
    assert_eq!(late.take_once(&TICKET).await.unwrap(), Some(1));
    assert_eq!(late.take_once(&TICKET).await.unwrap(), None);
}

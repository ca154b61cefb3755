//! What needs more than a sign-in, and what a user keeps of a device.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::time::Duration;

use certsession_core::test_util::{ManualClock, peer};
use certsession_core::{
    AuthMethod, Device, Key, MemoryStore, PeerState, RequestInfo, SessionManager, SignIn,
};
use certsession_http::{
    Confirmation, Error, HeaderFields, OpenRequest, RequestHead, RequestSession, SessionDriver,
    SiteFields, UnwritableField,
};

const CART: Key<u32> = Key::new("cart");
const MINUTE: Duration = Duration::from_secs(60);

struct World {
    driver: SessionDriver<MemoryStore>,
    clock: ManualClock,
}

struct Client {
    peer: PeerState,
    cookie: Option<String>,
}

#[derive(Default)]
struct Cookie(Option<String>);

impl HeaderFields for Cookie {
    fn has_cache_control(&self) -> bool {
        false
    }

    fn set_no_store(&mut self) {}

    fn add_vary_cookie(&mut self) {}

    fn add_set_cookie(&mut self, value: &str) -> Result<(), UnwritableField> {
        self.0 = Some(value.to_owned());
        Ok(())
    }
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::at_real_time();
        let manager = SessionManager::builder(MemoryStore::new()).clock(clock.clone());
        Self {
            driver: SessionDriver::new(manager.build()),
            clock,
        }
    }

    async fn open(&self, client: &Client) -> OpenRequest {
        let head = RequestHead {
            cookies: client.cookie.iter().map(String::as_bytes),
            peer: &client.peer,
            reads_near: false,
            request: RequestInfo::default(),
            site: SiteFields::default(),
        };
        self.driver.open(head).await.unwrap()
    }

    /// A whole request; the `Set-Cookie` field of its response.
    async fn request(
        &self,
        client: &mut Client,
        handler: impl FnOnce(&RequestSession),
    ) -> Option<String> {
        let request = self.open(client).await;
        handler(request.session());
        let settled = self.driver.settle(request).await;
        settled.committed.unwrap();
        let mut cookie = Cookie::default();
        if let Some(head) = settled.head {
            head.apply(&mut cookie).unwrap();
        }
        if let Some(set) = &cookie.0 {
            let pair = set.split(';').next().unwrap();
            client.cookie = (!set.contains("Max-Age=0")).then(|| pair.to_owned());
        }
        cookie.0
    }
}

fn client(name: &str) -> Client {
    Client {
        peer: peer(name),
        cookie: None,
    }
}

fn status(result: Result<impl Sized, Error>) -> u16 {
    result.err().map_or(200, |error| error.status())
}

#[tokio::test]
async fn what_needs_more_than_a_sign_in_is_refused_without_it() {
    let (world, mut alice) = (World::new(), client("alice"));
    let statuses = |session: &RequestSession| {
        [
            status(session.signed_in()),
            status(session.require_role("admin")),
            status(session.require_recent(5 * MINUTE)),
            status(session.require_elevation()),
        ]
    };
    let check = async |alice: &mut Client, expected: [u16; 4]| {
        world
            .request(alice, |session| assert_eq!(statuses(session), expected))
            .await;
    };
    check(&mut alice, [401; 4]).await;
    world
        .request(&mut alice, |session| session.sign_in("alice").unwrap())
        .await;
    check(&mut alice, [200, 403, 200, 401]).await;
    world.clock.advance(5 * MINUTE);
    check(&mut alice, [200, 403, 200, 401]).await;
    world.clock.advance(Duration::from_millis(1));
    check(&mut alice, [200, 403, 401, 401]).await;
    world
        .request(&mut alice, |session| {
            session
                .elevate(AuthMethod::ONE_TIME_PASSWORD, MINUTE)
                .unwrap();
        })
        .await;
    check(&mut alice, [200, 403, 200, 200]).await;
    world.clock.advance(MINUTE);
    check(&mut alice, [200, 403, 200, 401]).await;
    world
        .request(&mut alice, |session| {
            session
                .sign_in(SignIn::principal("alice").role("admin"))
                .unwrap();
        })
        .await;
    check(&mut alice, [200, 200, 200, 401]).await;
}

#[tokio::test]
async fn no_one_is_elevated_who_is_not_signed_in() {
    let (world, mut alice) = (World::new(), client("alice"));
    world
        .request(&mut alice, |session| {
            session.insert(&CART, &1).unwrap();
            let error = session.elevate(AuthMethod::PASSWORD, MINUTE).unwrap_err();
            assert_eq!(error.status(), 401);
        })
        .await;
}

#[tokio::test]
async fn a_persistent_sign_in_has_a_cookie_with_an_age() {
    let (world, mut alice) = (World::new(), client("alice"));
    let set = world.request(&mut alice, |session| {
        session
            .sign_in(SignIn::principal("alice").persistent())
            .unwrap();
    });
    let set = set.await.unwrap();
    assert!(set.ends_with("; SameSite=Lax; Max-Age=43200"), "{set}");
    let set = world
        .request(&mut alice, |session| session.sign_in("alice").unwrap())
        .await;
    assert!(set.unwrap().ends_with("; SameSite=Lax"));
}

#[tokio::test]
async fn the_offered_device_is_kept_of_a_request_that_begins_or_signs_in() {
    let (world, mut alice) = (World::new(), client("alice"));
    let agents = ["begins", "writes", "signs in"];
    let mut kept = Vec::new();
    for (n, agent) in agents.into_iter().enumerate() {
        world
            .request(&mut alice, |session| {
                session.offer_device(Device::new().with_agent(agent));
                match n {
                    2 => session.sign_in("alice").unwrap(),
                    n => session.insert(&CART, &u32::try_from(n).unwrap()).unwrap(),
                }
            })
            .await;
        let request = world.open(&alice).await;
        let record = request.session().record().unwrap();
        kept.push(record.device().unwrap().agent().unwrap().to_owned());
    }
    assert_eq!(kept, ["begins", "begins", "signs in"]);
}

#[tokio::test]
async fn all_other_sessions_of_a_user_end_and_no_others() {
    let world = World::new();
    let mut mine = [client("one"), client("two"), client("three")];
    let mut bob = client("bob");
    for browser in &mut mine {
        let sign_in = |session: &RequestSession| session.sign_in("alice").unwrap();
        world.request(browser, sign_in).await;
    }
    world
        .request(&mut bob, |session| session.sign_in("bob").unwrap())
        .await;
    let request = world.open(&mine[1]).await;
    assert_eq!(request.session().revoke_others().await.unwrap(), 2);
    assert_eq!(request.session().revoke_others().await.unwrap(), 0);
    request.session().insert(&CART, &1).unwrap();
    world.driver.settle(request).await.committed.unwrap();
    for (browser, is_active) in mine.iter().chain([&bob]).zip([false, true, false, true]) {
        let request = world.open(browser).await;
        assert_eq!(request.session().principal().is_some(), is_active);
    }

    // A sign-in that is not committed yet ends every session that there was.
    let request = world.open(&mine[0]).await;
    request.session().sign_in("alice").unwrap();
    assert_eq!(request.session().revoke_others().await.unwrap(), 1);
    world.driver.settle(request).await.committed.unwrap();
}

#[tokio::test]
async fn an_access_token_is_good_on_a_connection_of_its_own_certificate_alone() {
    let (world, alice, bob) = (World::new(), client("alice"), client("bob"));
    let stranger = Client {
        peer: PeerState::Absent,
        cookie: None,
    };
    let confirmation = Confirmation::of(alice.peer.certificate().unwrap());
    for (client, is_good) in [(&alice, true), (&bob, false), (&stranger, false)] {
        let request = world.open(client).await;
        let checked = request.session().check_confirmation(&confirmation);
        assert_eq!(checked.is_ok(), is_good);
        if let Err(error) = checked {
            let response = error.to_response();
            assert_eq!(response.status, 401);
            assert_eq!(
                response.authenticate,
                Some("Bearer error=\"invalid_token\"")
            );
        }
    }
}

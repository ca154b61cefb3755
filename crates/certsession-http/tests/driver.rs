//! The driver over a store that a test holds up: what a dropped request leaves behind, and what a
//! shutdown waits for.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::time::Duration;

use certsession_core::test_util::{Fault, Faults, FaultyStore, Gate, ManualClock, peer};
use certsession_core::{
    BindWhenPresent, Key, MemoryStore, Owner, Page, PeerState, Principal, Refusal, RequestInfo,
    Revocation, RevocationList, SessionManager, SessionManagerBuilder, StoreOperation,
};
use certsession_http::{
    CrossSiteGuard, Error, FieldValue, HeaderFields, OpenRequest, RequestHead, SameSite,
    SessionDriver, SiteFields, UnwritableField,
};
use tokio::runtime::Runtime;

const REQUEST: RequestInfo<'static> = RequestInfo {
    method: Some("POST"),
    path: Some("/"),
    client: None,
};
const COLOUR: Key<String> = Key::new("colour");
const MOMENT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(10);

type Store = FaultyStore<MemoryStore>;

/// An application's sessions, and one client of it.
struct World {
    driver: SessionDriver<Store>,
    faults: Faults,
    revocations: RevocationList,
    peer: PeerState,
    cookie: Option<String>,
}

/// The header fields of one response.
#[derive(Debug, Default)]
struct Fields {
    set_cookie: Vec<String>,
    cache_control: Option<&'static str>,
    vary: Vec<&'static str>,
}

impl HeaderFields for Fields {
    fn has_cache_control(&self) -> bool {
        self.cache_control.is_some()
    }

    fn set_no_store(&mut self) {
        self.cache_control = Some("no-store");
    }

    fn add_vary_cookie(&mut self) {
        self.vary.push("Cookie");
    }

    fn add_set_cookie(&mut self, value: &str) -> Result<(), UnwritableField> {
        self.set_cookie.push(value.to_owned());
        Ok(())
    }
}

impl World {
    fn new() -> Self {
        Self::with(|rules| rules)
    }

    fn with(
        rules: impl FnOnce(SessionManagerBuilder<Store>) -> SessionManagerBuilder<Store>,
    ) -> Self {
        let store = FaultyStore::new(MemoryStore::new());
        let faults = store.faults();
        let revocations = RevocationList::new();
        let builder = SessionManager::builder(store)
            .revocations(&revocations)
            .clock(ManualClock::at_real_time());
        Self {
            driver: SessionDriver::new(rules(builder).build()),
            faults,
            revocations,
            peer: peer("alice"),
            cookie: None,
        }
    }

    async fn open(&self) -> Result<OpenRequest, Error> {
        let head = RequestHead {
            cookies: self.cookie.iter().map(String::as_bytes),
            peer: &self.peer,
            reads_near: false,
            request: REQUEST,
            site: SiteFields::default(),
        };
        self.driver.open(head).await
    }

    /// A POST that the page of another site makes.
    async fn open_from_elsewhere(&self) -> Result<OpenRequest, Error> {
        let head = RequestHead {
            cookies: self.cookie.iter().map(String::as_bytes),
            peer: &self.peer,
            reads_near: false,
            request: REQUEST,
            site: SiteFields {
                fetch_site: FieldValue::One(b"cross-site"),
                ..SiteFields::default()
            },
        };
        self.driver.open(head).await
    }

    async fn settle(&mut self, request: OpenRequest) -> (Result<(), Error>, Fields) {
        let settled = self.driver.settle(request).await;
        let mut fields = Fields::default();
        if let Some(head) = settled.head {
            head.apply(&mut fields).unwrap();
        }
        if let Some(set) = fields.set_cookie.last() {
            let pair = set.split(';').next().unwrap();
            self.cookie = (!set.contains("Max-Age=0")).then(|| pair.to_owned());
        }
        (settled.committed, fields)
    }

    /// With a session that began without a certificate.
    async fn unbound() -> Self {
        let mut world = Self::with(|rules| rules.certificate(BindWhenPresent::new()));
        world.peer = PeerState::Absent;
        let request = world.open().await.unwrap();
        let value = "red".to_owned();
        request.session().insert(&COLOUR, &value).unwrap();
        world.settle(request).await.0.unwrap();
        world
    }

    /// The world after alice has signed in.
    async fn signed_in() -> Self {
        let mut world = Self::new();
        let request = world.open().await.unwrap();
        request.session().sign_in("alice").unwrap();
        let (committed, _) = world.settle(request).await;
        committed.unwrap();
        world
    }

    /// A request that asks to sign out and is dropped before it is answered. The gate holds its
    /// end in the store.
    async fn dropped_sign_out(&self) -> Gate {
        let gate = self.faults.hold_next(StoreOperation::Remove);
        let request = self.open().await.unwrap();
        request.session().sign_out().unwrap();
        drop(request);
        gate.arrived().await;
        gate
    }

    async fn has_session(&self) -> bool {
        let request = self.open().await.unwrap();
        request.session().handle().is_some()
    }
}

#[tokio::test]
async fn a_response_that_sets_the_cookie_is_stored_nowhere_and_varies_by_it() {
    let mut world = World::new();
    let request = world.open().await.unwrap();
    let value = "red".to_owned();
    request.session().insert(&COLOUR, &value).unwrap();
    let (committed, fields) = world.settle(request).await;
    committed.unwrap();
    assert_eq!(fields.set_cookie.len(), 1);
    assert_eq!(fields.cache_control, Some("no-store"));
    assert_eq!(fields.vary, ["Cookie"]);

    // A request whose handler never asked for the session shows nothing of it.
    let request = world.open().await.unwrap();
    let (_, fields) = world.settle(request).await;
    assert!(fields.set_cookie.is_empty() && fields.vary.is_empty());
    assert_eq!(fields.cache_control, None);
}

#[tokio::test]
async fn p4_an_end_of_a_dropped_request_is_carried_out_and_a_shutdown_waits_for_it() {
    let world = World::signed_in().await;
    assert!(world.driver.drain(MOMENT).await, "nothing is under way yet");
    let gate = world.dropped_sign_out().await;
    assert!(!world.driver.drain(MOMENT).await, "the end is under way");
    gate.release();
    assert!(world.driver.drain(LONG).await);
    assert!(!world.has_session().await);
}

#[test]
fn p4_an_end_survives_the_runtime_in_which_it_was_begun() {
    let worker = Runtime::new().unwrap();
    let (world, _held) = worker.block_on(async {
        let world = World::signed_in().await;
        let gate = world.dropped_sign_out().await;
        (world, gate)
    });
    // As actix-web's worker does when it stops: its tasks are dropped. The gate is never opened.
    worker.shutdown_background();
    let main = Runtime::new().unwrap();
    main.block_on(async {
        assert!(world.driver.drain(LONG).await);
        assert!(!world.has_session().await);
    });
}

/// The end is that of the old token, and the store holds it up until a certificate has bound the
/// session.
#[test]
fn p4_an_end_in_another_runtime_spares_a_session_that_a_certificate_has_bound_meanwhile() {
    let worker = Runtime::new().unwrap();
    let (world, _held) = worker.block_on(async {
        let mut world = World::unbound().await;
        let held = world.dropped_sign_out().await;
        world.peer = peer("alice");
        let request = world.open().await.unwrap();
        assert!(request.session().handle().is_some(), "it is bound now");
        world.settle(request).await.0.unwrap();
        (world, held)
    });
    worker.shutdown_background();
    let main = Runtime::new().unwrap();
    main.block_on(async {
        assert!(world.driver.drain(LONG).await);
        assert!(world.has_session().await);
    });
}

#[test]
fn p4_an_end_without_a_certificate_survives_its_runtime_too() {
    let worker = Runtime::new().unwrap();
    let (world, _held) = worker.block_on(async {
        let world = World::unbound().await;
        let held = world.dropped_sign_out().await;
        (world, held)
    });
    worker.shutdown_background();
    let main = Runtime::new().unwrap();
    main.block_on(async {
        assert!(world.driver.drain(LONG).await);
        assert!(!world.has_session().await);
    });
}

/// The cookie of another name with the same token, as a client can send it.
fn renamed(cookie: Option<&String>, name: &str) -> Option<String> {
    let (_, token) = cookie?.split_once('=')?;
    Some(format!("__Host-{name}={token}"))
}

#[tokio::test]
async fn p1_a_token_opens_nothing_under_the_cookie_of_another_name() {
    let mut world = World::new();
    let account = world.driver.clone();
    let shop = account.with_cookie_name("shop").unwrap();
    // What is set after the name changes no realm.
    let shop = shop.with_same_site(SameSite::Strict);
    let staff = shop.with_cookie_name("staff").unwrap();
    let drivers = [("session", account), ("shop", shop), ("staff", staff)];
    for (name, driver) in &drivers {
        world.driver = driver.clone();
        world.cookie = None;
        let request = world.open().await.unwrap();
        request.session().sign_in("root").unwrap();
        let (committed, fields) = world.settle(request).await;
        committed.unwrap();
        assert!(fields.set_cookie[0].starts_with(&format!("__Host-{name}=")));
        let issued = world.cookie.clone();
        for (other, driver) in &drivers {
            world.driver = driver.clone();
            world.cookie = renamed(issued.as_ref(), other);
            let request = world.open().await.unwrap();
            let principal = request.session().principal();
            assert_eq!(principal.is_some(), name == other, "{name} under {other}");
            assert_eq!(request.session().handle().is_some(), name == other);
            world.settle(request).await.0.unwrap();
        }
    }
}

#[tokio::test]
async fn the_default_name_is_the_default_realm_however_it_was_set() {
    let mut world = World::signed_in().await;
    let shop = world.driver.with_cookie_name("shop").unwrap();
    world.driver = shop.with_cookie_name("session").unwrap();
    assert!(world.has_session().await);
}

#[tokio::test]
async fn p4_a_dropped_request_writes_nothing_of_what_its_handler_did_besides_the_end() {
    let world = World::signed_in().await;
    let request = world.open().await.unwrap();
    let value = "red".to_owned();
    request.session().insert(&COLOUR, &value).unwrap();
    drop(request);
    assert!(world.driver.drain(LONG).await);
    let request = world.open().await.unwrap();
    assert_eq!(request.session().get(&COLOUR).unwrap(), None);
}

#[tokio::test]
async fn p6_a_sign_in_goes_through_although_its_request_is_dropped_during_the_commit() {
    let mut world = World::new();
    let gate = world.faults.hold_next(StoreOperation::Create);
    let request = world.open().await.unwrap();
    request.session().sign_in("alice").unwrap();
    let settling = world.driver.settle(request);
    assert!(tokio::time::timeout(MOMENT, settling).await.is_err());
    assert!(!world.driver.drain(MOMENT).await);
    gate.release();
    assert!(world.driver.drain(LONG).await);
    let owner = Owner::Principal(Principal::new("alice").unwrap());
    let first = Page::default();
    let page = world.driver.manager().sessions(&owner, &first);
    assert_eq!(page.await.unwrap().sessions().len(), 1);
    world.cookie = None;
    assert!(!world.has_session().await);
}

#[tokio::test]
async fn p6_a_failed_commit_is_reported_and_no_cookie_is_set() {
    let mut world = World::new();
    world
        .faults
        .fail_next(StoreOperation::Create, Fault::Before);
    let request = world.open().await.unwrap();
    request.session().sign_in("alice").unwrap();
    let (committed, fields) = world.settle(request).await;
    let response = committed.unwrap_err().to_response();
    assert_eq!((response.status, response.retry_after), (503, Some("1")));
    assert!(fields.set_cookie.is_empty());
}

#[tokio::test]
async fn a_cross_site_request_is_refused_without_a_look_at_the_store_and_harms_no_session() {
    let mut world = World::signed_in().await;
    world.faults.take_calls();
    let Err(error) = world.open_from_elsewhere().await else {
        panic!("a request from elsewhere is refused");
    };
    assert_eq!(error.status(), 403);
    assert!(matches!(error, Error::Refused(Refusal::CrossSite)));
    assert_eq!(world.faults.take_calls(), [], "it needs no store");
    assert!(world.has_session().await);

    world.driver = world.driver.with_cross_site_guard(CrossSiteGuard::off());
    assert!(world.open_from_elsewhere().await.is_ok());
}

#[tokio::test]
async fn p8_the_sessions_of_a_revoked_certificate_end_beside_the_requests() {
    let world = World::signed_in().await;
    let certificate = world.peer.certificate().unwrap();
    world
        .revocations
        .revoke(Revocation::of_certificate(certificate));
    let owner = Owner::from(&**certificate);
    let deadline = tokio::time::Instant::now() + LONG;
    while !world
        .driver
        .manager()
        .sessions(&owner, &Page::default())
        .await
        .unwrap()
        .sessions()
        .is_empty()
    {
        assert!(tokio::time::Instant::now() < deadline, "the sessions end");
        tokio::task::yield_now().await;
    }
    let Err(Error::Refused(refusal)) = world.open().await else {
        panic!("a revoked certificate is refused");
    };
    assert_eq!(refusal, Refusal::CertificateRevoked);
}

#[tokio::test]
async fn p8_a_refused_request_waits_for_no_end_and_a_drain_does() {
    let world = World::signed_in().await;
    let certificate = world.peer.certificate().unwrap();
    let gate = world.faults.hold_next(StoreOperation::Revoke);
    world
        .revocations
        .revoke(Revocation::of_certificate(certificate));
    gate.arrived().await;
    // Each is refused at once, while the end that it asks for is under way.
    for _ in 0..100 {
        let refused = tokio::time::timeout(LONG, world.open()).await.unwrap();
        assert!(matches!(refused, Err(Error::Refused(_))));
    }
    assert_eq!(world.faults.calls(StoreOperation::Revoke), 1);
    assert!(!world.driver.drain(MOMENT).await);
    gate.release();
    assert!(world.driver.drain(LONG).await);
    let (owner, first) = (Owner::from(&**certificate), Page::default());
    let page = world.driver.manager().sessions(&owner, &first).await;
    assert_eq!(page.unwrap().sessions(), []);
}

/// A worker's runtime may have stopped before the shutdown waits.
#[test]
fn p8_a_drain_ends_the_sessions_of_revoked_certificates_in_its_own_runtime() {
    let first = Runtime::new().unwrap();
    let world = first.block_on(World::signed_in());
    drop(first);
    let certificate = world.peer.certificate().unwrap();
    world
        .revocations
        .revoke(Revocation::of_certificate(certificate));
    let second = Runtime::new().unwrap();
    assert!(second.block_on(world.driver.drain(LONG)));
    let (owner, first) = (Owner::from(&**certificate), Page::default());
    let page = second.block_on(world.driver.manager().sessions(&owner, &first));
    assert_eq!(page.unwrap().sessions(), []);
}

/// As actix-web does with its workers, while the shutdown waits already.
#[test]
fn p8_a_drain_goes_on_although_the_runtime_of_the_task_stops_meanwhile() {
    let worker = Runtime::new().unwrap();
    let (world, gate) = worker.block_on(async {
        let world = World::signed_in().await;
        let gate = world.faults.hold_next(StoreOperation::Revoke);
        let certificate = world.peer.certificate().unwrap();
        let revocation = Revocation::of_certificate(certificate);
        world.revocations.revoke(revocation);
        gate.arrived().await;
        (world, gate)
    });
    let main = Runtime::new().unwrap();
    let drained = main.block_on(async {
        let stop = async {
            tokio::time::sleep(MOMENT).await;
            worker.shutdown_background();
        };
        tokio::join!(world.driver.drain(LONG), stop).0
    });
    assert!(drained);
    // It was held at the gate and dropped there.
    drop(gate);
    assert_eq!(world.driver.manager().store().inner().len(), 0);
}

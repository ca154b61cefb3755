//! Events are in the span of their request, also those of a task that outlives it.

use certsession_actix::certsession_http::{
    HeaderFields, RequestHead, SessionDriver, SiteFields, UnwritableField,
};
use certsession_core::test_util::peer;
use certsession_core::{Handle, MemoryStore, PeerState, RequestInfo, SessionManager};
use certsession_tests::Logs;
use certsession_tests::ledger::record_secret;
use tracing::{Instrument, info_span};

struct World {
    driver: SessionDriver<MemoryStore>,
    peer: PeerState,
}

/// The cookie of a response.
#[derive(Default)]
struct Cookie(String);

impl HeaderFields for Cookie {
    fn has_cache_control(&self) -> bool {
        false
    }

    fn set_no_store(&mut self) {}

    fn add_vary_cookie(&mut self) {}

    fn add_set_cookie(&mut self, value: &str) -> Result<(), UnwritableField> {
        let pair = value.split(';').next().unwrap_or_default();
        record_secret(pair.split('=').nth(1).unwrap_or_default());
        pair.clone_into(&mut self.0);
        Ok(())
    }
}

impl World {
    fn new() -> Self {
        Self {
            driver: SessionDriver::new(SessionManager::new(MemoryStore::new())),
            peer: peer("alice"),
        }
    }

    fn head<'r>(&'r self, cookie: Option<&'r str>) -> RequestHead<'r, Option<&'r [u8]>> {
        RequestHead {
            cookies: cookie.map(str::as_bytes),
            peer: &self.peer,
            reads_near: false,
            request: RequestInfo {
                method: Some("POST"),
                path: Some("/"),
                client: Some(([192, 0, 2, 7], 4711).into()),
            },
            site: SiteFields::default(),
        }
    }

    async fn sign_in(&self) -> (Handle, Cookie) {
        let opened = self.driver.open(self.head(None)).await.unwrap();
        let session = opened.session().clone();
        session.sign_in("alice").unwrap();
        // A sign-in is committed by a task of its own.
        let settled = self.driver.settle(opened).await;
        settled.committed.unwrap();
        let mut cookie = Cookie::default();
        settled.head.unwrap().apply(&mut cookie).unwrap();
        (session.handle().unwrap(), cookie)
    }
}

#[tokio::test]
async fn a_sign_in_is_in_the_span_of_its_request_and_names_its_client() {
    let (logs, world) = (Logs::keep(), World::new());
    let span = info_span!("request_of_alice", id = 71);
    let (handle, _) = world.sign_in().instrument(span).await;
    let line = logs
        .line_with(&["\"signed_in\"", &handle.to_string()])
        .await;
    assert!(line.contains("request_of_alice{id=71}"), "{line}");
    assert!(line.contains("192.0.2.7:4711"), "{line}");
}

#[tokio::test]
async fn an_end_is_in_the_span_of_its_request_although_that_was_dropped_outside_of_it() {
    let (logs, world) = (Logs::keep(), World::new());
    let (handle, cookie) = world.sign_in().await;
    let opened = async {
        let opened = world
            .driver
            .open(world.head(Some(&cookie.0)))
            .await
            .unwrap();
        opened.session().sign_out().unwrap();
        opened
    };
    let opened = opened
        .instrument(info_span!("request_of_alice", id = 72))
        .await;
    drop(opened);
    let line = logs
        .line_with(&["\"session_ended\"", &handle.to_string()])
        .await;
    assert!(line.contains("request_of_alice{id=72}"), "{line}");
}

#[tokio::test]
async fn a_revocation_names_the_operator_in_the_span_of_their_request() {
    let (logs, world) = (Logs::keep(), World::new());
    let (handle, _) = world.sign_in().await;
    let admin = world.driver.manager().admin().acting_as("carol\n");
    let revoke = admin.revoke(handle);
    let span = info_span!("request_of_carol", id = 73);
    assert!(revoke.instrument(span).await.unwrap());
    let line = logs
        .line_with(&["\"session_revoked\"", &handle.to_string()])
        .await;
    assert!(line.contains("request_of_carol{id=73}"), "{line}");
    let named = "actor=\"operator\" actor_name=\"carol\"";
    assert!(
        line.contains(named) && line.contains("principal=alice"),
        "{line}"
    );
}

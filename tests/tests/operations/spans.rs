//! Events are in the span of their request, also those of a task that outlives it.

use certsession_actix::certsession_http::{RequestHead, SessionDriver, SiteFields};
use certsession_core::test_util::peer;
use certsession_core::{MemoryStore, PeerState, RequestInfo, SessionManager};
use certsession_tests::Logs;
use tracing::{Instrument, info_span};

struct World {
    driver: SessionDriver<MemoryStore>,
    peer: PeerState,
}

impl World {
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
}

#[tokio::test]
async fn a_sign_in_and_a_revocation_are_in_the_span_of_their_request_and_name_who_did_it() {
    let logs = Logs::keep();
    let world = World {
        driver: SessionDriver::new(SessionManager::new(MemoryStore::new())),
        peer: peer("alice"),
    };
    let handle = async {
        let opened = world.driver.open(world.head(None)).await.unwrap();
        let session = opened.session().clone();
        session.sign_in("alice").unwrap();
        // A sign-in is committed by a task of its own.
        world.driver.settle(opened).await.committed.unwrap();
        session.handle().unwrap()
    }
    .instrument(info_span!("sign_in_request", id = 71))
    .await;
    let line = logs.line_with(&["signed_in", &handle.to_string()]).await;
    assert!(line.contains("sign_in_request{id=71}"), "{line}");
    assert!(line.contains("192.0.2.7:4711"), "{line}");

    let admin = world.driver.manager().admin().acting_as("carol\n");
    async {
        assert!(admin.revoke(handle).await.unwrap());
    }
    .instrument(info_span!("admin_request", id = 72))
    .await;
    let line = logs
        .line_with(&["session_revoked", &handle.to_string()])
        .await;
    assert!(line.contains("admin_request{id=72}"), "{line}");
    assert!(
        line.contains("actor=\"operator\" actor_name=\"carol\""),
        "{line}"
    );
}

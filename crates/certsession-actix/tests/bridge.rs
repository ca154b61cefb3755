//! The bridge over encrypted data, without a network.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::sync::Arc;

use actix_session::Session;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use certsession_actix::test_util::{CookieJar, TestRequestExt, peer};
use certsession_actix::{
    ActixSessionBridge, CertSessionMiddleware, MemoryStore, Page, SessionManager,
};
use certsession_core::test_util::SampleCommit;
use certsession_core::{Clock, Record, SessionStore, SystemClock};

/// Code that takes a value which is not there for zero, and writes it.
async fn count(session: Session) -> actix_web::Result<String> {
    let visits = session.get::<u64>("visits")?.unwrap_or(0) + 1;
    session.insert("visits", visits)?;
    Ok(visits.to_string())
}

async fn only_record(store: &MemoryStore) -> Arc<Record> {
    let now = SystemClock.now();
    let page = store.all_sessions(&Page::default(), now).await.unwrap();
    let handle = page.sessions()[0].handle();
    store.load(handle, now).await.unwrap().unwrap()
}

#[test]
fn p6_a_value_that_cannot_be_decrypted_is_a_503_and_no_code_writes_over_it() {
    actix_web::rt::System::new().block_on(async {
        let store = Arc::new(MemoryStore::new());
        let rules = SessionManager::builder(Arc::clone(&store)).encrypt_data();
        let sessions = CertSessionMiddleware::new(rules.build());
        let app = App::new()
            .wrap(ActixSessionBridge::new())
            .wrap(sessions)
            .route("/", web::get().to(count));
        let app = init_service(app).await;
        let mut jar = CookieJar::default();
        for expected in ["1", "2"] {
            let request = TestRequest::get().cookies_of(&jar);
            let response = call_service(&app, request.to_request_from(peer("alice"))).await;
            assert_eq!(response.status(), 200);
            jar.store(&response);
            assert_eq!(read_body(response).await, expected);
        }
        let record = only_record(&store).await;
        let change = SampleCommit::on(&record).insert("visits", "7").build();
        store.commit(change).await.unwrap();
        let kept = only_record(&store).await;

        let request = TestRequest::get().cookies_of(&jar);
        let response = call_service(&app, request.to_request_from(peer("alice"))).await;
        assert_eq!(response.status(), 503);
        assert_eq!(only_record(&store).await.data(), kept.data());
    });
}

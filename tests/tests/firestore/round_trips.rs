//! What each request costs, counted by a proxy.

use std::num::NonZeroU32;

use certsession_core::{Admission, Page, Session};
use certsession_firestore::FirestoreStore;
use certsession_tests::firestore::{CallProxy, new_url, shared};
use certsession_tests::rules::{KEY, Site, alice, new_peer};
use certsession_tests::stores::firestore_settings;

/// A server of the application behind a proxy.
struct Trial {
    proxy: CallProxy,
    site: Site<FirestoreStore>,
}

impl Trial {
    async fn start(admission: Option<Admission>) -> Self {
        let proxy = CallProxy::before(shared());
        let settings = firestore_settings(&new_url(proxy.port()));
        let site = Site::new(settings.connect().await.unwrap(), new_peer(), admission);
        assert_eq!(
            proxy.take_calls(),
            ["BatchGetDocuments", "Commit"],
            "the check at the start"
        );
        Self { proxy, site }
    }

    /// A request, which has to make exactly these calls.
    async fn assert_calls(
        &self,
        token: &str,
        work: impl FnOnce(&mut Session),
        calls: &[&str],
    ) -> Option<String> {
        self.proxy.take_calls();
        let new = self.site.request(token, work).await.unwrap();
        assert_eq!(self.proxy.take_calls(), calls);
        new
    }
}

const LOAD: &str = "BatchGetDocuments";
const QUERY: &str = "RunQuery";

fn at_most(limit: u32) -> Option<Admission> {
    Some(Admission::at_most(NonZeroU32::new(limit).unwrap()))
}

#[tokio::test]
async fn without_a_cookie_the_database_is_not_asked() {
    let trial = Trial::start(None).await;
    trial.assert_calls("", |_| (), &[]).await;
    trial.assert_calls("not a token at all", |_| (), &[]).await;
}

#[tokio::test]
async fn a_read_costs_one_round_trip_and_a_write_one_more() {
    let trial = Trial::start(None).await;
    let begin = |session: &mut Session| session.insert(&KEY, &0).unwrap();
    let token = trial.assert_calls("", begin, &["Commit"]).await.unwrap();
    trial.assert_calls(&token, |_| (), &[LOAD]).await;
    let write = |session: &mut Session| session.insert(&KEY, &1).unwrap();
    trial.assert_calls(&token, write, &[LOAD, "Commit"]).await;
    let rotate = |session: &mut Session| session.rotate().unwrap();
    let token = trial
        .assert_calls(&token, rotate, &[LOAD, "Commit"])
        .await
        .unwrap();
    let sign_in = |session: &mut Session| session.sign_in("alice").unwrap();
    let token = trial
        .assert_calls(&token, sign_in, &[LOAD, "Commit"])
        .await
        .unwrap();
    let end = |session: &mut Session| session.end().unwrap();
    trial.assert_calls(&token, end, &[LOAD, "Commit"]).await;
}

#[tokio::test]
async fn a_second_commit_of_a_request_needs_no_load() {
    let trial = Trial::start(None).await;
    let token = trial.site.begin().await;
    let mut session = trial.site.open(&token).await;
    trial.proxy.take_calls();
    for turn in 0..3 {
        session.insert(&KEY, &turn).unwrap();
        trial.site.commit(&mut session).await.unwrap();
    }
    assert_eq!(trial.proxy.take_calls(), ["Commit"; 3]);
}

#[tokio::test]
async fn a_sign_in_under_a_limit_costs_two_round_trips() {
    let trial = Trial::start(at_most(2)).await;
    let sign_in = |session: &mut Session| session.sign_in("alice").unwrap();
    // The first makes the principal's document, the third ends a session.
    for _ in 0..3 {
        trial.assert_calls("", sign_in, &[QUERY, "Commit"]).await;
    }
    let token = trial.site.begin().await;
    let calls = [LOAD, QUERY, "Commit"];
    trial.assert_calls(&token, sign_in, &calls).await;
    let page = Page::default();
    let listed = trial.site.sessions.sessions(&alice(), &page).await.unwrap();
    assert_eq!(listed.sessions().len(), 2);
}

#[tokio::test]
async fn listing_costs_one_round_trip_and_revoking_all_two_for_500() {
    let trial = Trial::start(None).await;
    for count in [0, 1, 600] {
        let sign_ins = (0..count).map(|_| trial.site.sign_in(""));
        for signed_in in futures_util::future::join_all(sign_ins).await {
            signed_in.unwrap();
        }
        trial.proxy.take_calls();
        let page = Page::at_most(Page::LARGEST);
        let listed = trial.site.sessions.sessions(&alice(), &page).await.unwrap();
        assert_eq!(
            (listed.sessions().len(), trial.proxy.take_calls()),
            (count, vec![QUERY.to_owned()])
        );
        let ended = trial.site.sessions.revoke_all(&alice()).await.unwrap();
        assert_eq!(ended.len(), count);
        let portions = count.div_ceil(500);
        let calls = match portions {
            0 => vec![QUERY],
            _ => [QUERY, "BatchWrite"].repeat(portions),
        };
        assert_eq!(trial.proxy.take_calls(), calls);
    }
}

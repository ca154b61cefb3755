//! What is wrong with a set-up is said when a store is opened; and tokens come and go.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use certsession_core::test_util::SampleRecord;
use certsession_core::{SessionStore, StoreErrorKind};
use certsession_firestore::{
    AccessToken, ConnectError, Credentials, CredentialsError, FirestoreStore,
    FirestoreStoreBuilder, TokenSource,
};
use certsession_tests::Logs;
use certsession_tests::firestore::{CallProxy, Fault, new_url, shared};

const TIMEOUT: Duration = Duration::from_millis(1500);

/// Gives this token while it is in order.
#[derive(Clone, Debug)]
struct Source {
    token: Arc<std::sync::Mutex<&'static str>>,
    is_in_order: Arc<AtomicBool>,
}

impl Source {
    fn of(token: &'static str) -> Self {
        Self {
            token: Arc::new(std::sync::Mutex::new(token)),
            is_in_order: Arc::new(AtomicBool::new(true)),
        }
    }
}

impl TokenSource for Source {
    fn token(
        &self,
    ) -> Pin<Box<dyn Future<Output = Result<AccessToken, CredentialsError>> + Send + '_>> {
        Box::pin(async {
            if !self.is_in_order.load(Ordering::Relaxed) {
                return Err(CredentialsError::new("the source is out of order"));
            }
            let token = *self.token.lock().unwrap();
            Ok(AccessToken::new(token, Duration::from_secs(3600)))
        })
    }
}

fn settings(proxy: &CallProxy) -> FirestoreStoreBuilder {
    let settings = FirestoreStore::builder(&new_url(proxy.port())).unwrap();
    settings.timeout(TIMEOUT)
}

async fn refused(status: u16, message: &'static str) -> ConnectError {
    let proxy = CallProxy::before(shared());
    proxy.judge(move |_| Some(Fault::Status(status, message)));
    settings(&proxy).connect().await.unwrap_err()
}

#[tokio::test]
async fn what_is_wrong_with_the_database_is_named() {
    let missing = refused(5, "The database (default) does not exist for project test").await;
    assert!(
        matches!(missing, ConnectError::NoDatabase { .. }),
        "{missing}"
    );
    assert!(
        missing
            .to_string()
            .contains("gcloud firestore databases create")
    );

    let datastore = "The Cloud Firestore API is not available for Firestore in Datastore Mode";
    let datastore = refused(9, datastore).await;
    assert!(
        matches!(datastore, ConnectError::DatastoreMode { .. }),
        "{datastore}"
    );

    let forbidden = refused(7, "Missing or insufficient permissions.").await;
    assert!(
        matches!(forbidden, ConnectError::NotPermitted { .. }),
        "{forbidden}"
    );
    assert!(forbidden.to_string().contains("roles/datastore.user"));

    let denied = refused(16, "Request had invalid authentication credentials.").await;
    assert!(matches!(denied, ConnectError::Denied { .. }), "{denied}");
}

#[tokio::test]
async fn credentials_that_may_read_and_not_write_are_noticed() {
    let proxy = CallProxy::before(shared());
    proxy.fail_next(
        "Commit",
        Fault::Status(7, "Missing or insufficient permissions."),
    );
    let error = settings(&proxy).connect().await.unwrap_err();
    assert!(
        matches!(error, ConnectError::NotPermitted { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn an_address_where_nothing_answers_is_named() {
    let store = FirestoreStore::builder("firestore://shop?emulator=127.0.0.1:1").unwrap();
    let error = store.timeout(TIMEOUT).connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    let said = error.to_string();
    assert!(
        said.contains("127.0.0.1:1") && said.contains("refused"),
        "{said}"
    );
}

#[tokio::test]
async fn missing_credentials_are_named() {
    let source = Source::of("token");
    source.is_in_order.store(false, Ordering::Relaxed);
    let proxy = CallProxy::before(shared());
    let store = settings(&proxy).credentials(Credentials::source(source));
    let error = store.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Credentials(_)), "{error}");
    let nowhere = Credentials::service_account("no/such/file.json").unwrap_err();
    assert!(
        nowhere.to_string().contains("no/such/file.json"),
        "{nowhere}"
    );
}

#[tokio::test]
async fn a_collection_that_cannot_be_one_is_named() {
    let proxy = CallProxy::before(shared());
    let error = settings(&proxy)
        .collection("a/b")
        .connect()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("\"a/b\""), "{error}");
}

/// As of the real service, whose administration can be asked.
async fn start_asking_for_the_policy(answer: Fault) {
    let proxy = CallProxy::before(shared());
    proxy.fail_next("GetField", answer);
    let store = FirestoreStore::builder("firestore://shop?collection=sessions").unwrap();
    let store = store
        .endpoint(format!("http://127.0.0.1:{}", proxy.port()))
        .credentials(Credentials::source(Source::of("token")))
        .timeout(TIMEOUT);
    store.connect().await.unwrap();
    assert_eq!(
        proxy.take_calls(),
        ["BatchGetDocuments", "Commit", "GetField"]
    );
}

#[tokio::test]
async fn a_missing_ttl_policy_is_a_warning_with_the_command_that_sets_it() {
    let logs = Logs::keep();
    // `ttl_config { state: ACTIVE }`.
    start_asking_for_the_policy(Fault::Answer(&[0x1a, 2, 8, 2])).await;
    assert_eq!(logs.find(&["TTL policy"]), None);
    start_asking_for_the_policy(Fault::Answer(&[])).await;
    let command = [
        "WARN",
        "gcloud firestore fields ttls update expire --collection-group=sessions",
        "--project=shop",
    ];
    logs.line_with(&command).await;
    start_asking_for_the_policy(Fault::Status(7, "no permission")).await;
    logs.line_with(&["INFO", "cannot be seen", "ttls update expire"])
        .await;
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_and_the_call_sent_again() {
    let proxy = CallProxy::before(shared());
    let source = Source::of("first");
    proxy.take_token("first");
    let store = settings(&proxy).credentials(Credentials::source(source.clone()));
    let store = store.connect().await.unwrap();
    let record = SampleRecord::new(1).build();
    let now = record.created_at();
    store.create(Arc::clone(&record), None, now).await.unwrap();

    proxy.take_token("second");
    *source.token.lock().unwrap() = "second";
    let loaded = store.load(record.handle(), now).await.unwrap();
    assert_eq!(loaded, Some(Arc::clone(&record)));
    // Also where what is refused is a creation: it was surely not taken.
    proxy.take_token("third");
    *source.token.lock().unwrap() = "third";
    let next = SampleRecord::new(2).build();
    store.create(next, None, now).await.unwrap();
}

#[tokio::test]
async fn without_a_token_every_step_fails_until_there_is_one_again() {
    let proxy = CallProxy::before(shared());
    let source = Source::of("first");
    let store = settings(&proxy).credentials(Credentials::source(source.clone()));
    let store = store.connect().await.unwrap();
    let record = SampleRecord::new(1).build();
    let now = record.created_at();
    store.create(Arc::clone(&record), None, now).await.unwrap();

    source.is_in_order.store(false, Ordering::Relaxed);
    proxy.take_token("second");
    let failed = store.load(record.handle(), now).await.unwrap_err();
    assert_eq!(failed.kind(), StoreErrorKind::Unavailable);
    let source_of = std::error::Error::source(&failed).unwrap().to_string();
    assert!(source_of.contains("token"), "{source_of}");
    assert!(store.remove(record.handle()).await.is_err());

    *source.token.lock().unwrap() = "second";
    source.is_in_order.store(true, Ordering::Relaxed);
    let loaded = store.load(record.handle(), now).await.unwrap();
    assert_eq!(loaded, Some(record));
}

//! P7 for encrypted sessions: everything that the database holds, searched for a value.

use std::sync::Arc;

use base64ct::{Base64, Encoding};
use certsession_core::{
    ApplicationKey, ApplicationKeys, Key, Presented, SessionManager, SessionManagerBuilder, SignIn,
};
use certsession_firestore::FirestoreStore;
use certsession_tests::firestore::{new_collection, shared, url};
use certsession_tests::rules::new_peer;
use certsession_tests::stores::firestore_settings;
use rustls::crypto::ring;
use serde_json::Value;

const DIAGNOSIS: Key<String> = Key::new("diagnosis");
const VALUE: &str = "a value that no dump may hold";

type Rules = SessionManagerBuilder<FirestoreStore>;

/// Begins a session with the value, and returns what the database holds of the collection.
async fn dump(rules: impl FnOnce(Rules) -> Rules) -> Vec<u8> {
    let collection = new_collection();
    let settings = firestore_settings(&url(shared(), &collection));
    let sessions = rules(SessionManager::builder(settings.connect().await.unwrap())).build();
    let peer = new_peer();
    let mut session = sessions.open(Presented::None, &peer).await.unwrap();
    session.insert(&DIAGNOSIS, VALUE).unwrap();
    session
        .sign_in(SignIn::principal("alice").carry(&DIAGNOSIS))
        .unwrap();
    let pending = session.begin_commit().unwrap();
    session
        .finish_commit(sessions.execute(pending).await)
        .unwrap();

    let base = format!("http://127.0.0.1:{}/v1/projects/test/databases", shared());
    let documents = format!("{base}/(default)/documents/{collection}?pageSize=300");
    // The emulator speaks no TLS, but a client wants a provider for it.
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = reqwest::Client::builder().http1_only();
    let client = client.tls_backend_preconfigured(tls).build().unwrap();
    let request = client.get(documents).bearer_auth("owner");
    let text = request.send().await.unwrap().text().await.unwrap();
    let mut held = text.clone().into_bytes();
    decode(&serde_json::from_str(&text).unwrap(), &mut held);
    held
}

/// Adds what is in fields of bytes.
fn decode(value: &Value, held: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(bytes)) = fields.get("bytesValue") {
                held.extend(Base64::decode_vec(bytes).unwrap());
            }
            fields.values().for_each(|value| decode(value, held));
        }
        Value::Array(values) => values.iter().for_each(|value| decode(value, held)),
        _ => {}
    }
}

fn has(dump: &[u8], text: &str) -> bool {
    dump.windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn p7_a_dump_of_the_database_holds_no_value_of_an_encrypted_session() {
    let bytes: Vec<u8> = (0..32).collect();
    let keys = ApplicationKeys::new(ApplicationKey::new("2026", &bytes).unwrap());
    for sealed in [
        dump(Rules::encrypt_data).await,
        dump(|rules| rules.encrypt_data_with(keys)).await,
    ] {
        assert!(has(&sealed, "diagnosis") && has(&sealed, "alice"));
        assert!(!has(&sealed, VALUE));
    }
    assert!(
        has(&dump(|rules| rules).await, VALUE),
        "the search finds it"
    );
}

//! P7 for encrypted sessions: everything that the server holds, searched for a value.

use certsession_core::{Key, SessionManager};
use certsession_redis::RedisStore;
use certsession_tests::redis::shared;
use certsession_tests::rules::new_peer;

const DIAGNOSIS: Key<String> = Key::new("diagnosis");
const VALUE: &str = "a value that no dump may hold";

/// Begins a session with the value, and returns what the server holds under the prefix.
async fn dump(prefix: &str, encrypts: bool) -> Vec<u8> {
    let settings = RedisStore::builder(&shared().url()).unwrap();
    let store = settings.key_prefix(prefix).connect().await.unwrap();
    let rules = SessionManager::builder(store);
    let sessions = match encrypts {
        true => rules.encrypt_data().build(),
        false => rules.build(),
    };
    let peer = new_peer();
    let opened = sessions.open(certsession_core::Presented::None, &peer);
    let mut session = opened.await.unwrap();
    session.insert(&DIAGNOSIS, VALUE).unwrap();
    session
        .sign_in(certsession_core::SignIn::principal("alice").carry(&DIAGNOSIS))
        .unwrap();
    let pending = session.begin_commit().unwrap();
    session
        .finish_commit(sessions.execute(pending).await)
        .unwrap();
    assert_eq!(session.get(&DIAGNOSIS).unwrap().as_deref(), Some(VALUE));

    let keys = shared()
        .ask(&["KEYS", &format!("{prefix}*")])
        .unwrap()
        .into_list();
    let mut held = Vec::new();
    for key in keys {
        let key = key.into_bytes();
        held.extend_from_slice(&key);
        for command in [&b"GET"[..], b"DUMP"] {
            held.extend(shared().ask(&[command, &key]).unwrap().into_bytes());
        }
    }
    held
}

fn has(dump: &[u8], text: &str) -> bool {
    dump.windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn p7_a_dump_of_the_server_holds_no_value_of_an_encrypted_session() {
    let sealed = dump("sealed:", true).await;
    assert!(has(&sealed, "diagnosis") && has(&sealed, "alice"));
    assert!(!has(&sealed, VALUE));
    assert!(
        has(&dump("unsealed:", false).await, VALUE),
        "the search finds it"
    );
}

//! P7 for encrypted sessions: everything that the server holds, searched for a value.

use certsession_core::{
    ApplicationKey, ApplicationKeys, Key, Record, SessionManager, SessionManagerBuilder,
};
use certsession_redis::RedisStore;
use certsession_tests::redis::shared;
use certsession_tests::rules::new_peer;

const DIAGNOSIS: Key<String> = Key::new("diagnosis");
const VALUE: &str = "a value that no dump may hold";

type Rules = SessionManagerBuilder<RedisStore>;

/// Begins a session with the value, and returns what the server holds under the prefix.
async fn dump(prefix: &str, rules: impl FnOnce(Rules) -> Rules) -> Vec<u8> {
    let settings = RedisStore::builder(&shared().url()).unwrap();
    let store = settings.key_prefix(prefix).connect().await.unwrap();
    let sessions = rules(SessionManager::builder(store)).build();
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
    let bytes: Vec<u8> = (0..32).collect();
    let key = ApplicationKey::new("2026", &bytes).unwrap();
    let keys = ApplicationKeys::new(key);
    for sealed in [
        dump("sealed:", Rules::encrypt_data).await,
        dump("keyed:", |rules| rules.encrypt_data_with(keys.clone())).await,
    ] {
        assert!(has(&sealed, "diagnosis") && has(&sealed, "alice"));
        assert!(!has(&sealed, VALUE));
    }
    assert!(
        has(&dump("unsealed:", |rules| rules).await, VALUE),
        "the search finds it"
    );
    the_application_reads_what_the_server_holds(&keys);
}

/// As a job would that has the application's key and the server's data, and no session.
fn the_application_reads_what_the_server_holds(keys: &ApplicationKeys) {
    let names = shared().ask(&["KEYS", "keyed:*"]).unwrap().into_list();
    let read = names.into_iter().filter_map(|name| {
        let name = String::from_utf8(name.into_bytes()).ok()?;
        let handle = name.strip_prefix("keyed:")?.parse().ok()?;
        let bytes = shared().ask(&["GET", &name]).ok()?.into_bytes();
        let record = Record::decode(handle, &bytes).ok()?;
        keys.decrypt(&record).ok()
    });
    let json = format!("{VALUE:?}");
    let read: Vec<_> = read.collect();
    assert!(!read.is_empty());
    assert!(read.iter().all(|values| values["diagnosis"] == json));
}

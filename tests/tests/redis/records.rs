//! Values under a session's key that are not records: they are errors, never treated as an empty
//! session, and remaining unchanged.

use certsession_core::test_util::{EventLog, SampleCommit, SampleRecord};
use certsession_core::{
    Creation, Outcome, Owner, Page, PeerState, Presented, SessionError, SessionEvent,
    SessionManager, SessionStore, StoreErrorKind, StoreOperation, Token,
};
use certsession_redis::RedisStore;
use certsession_tests::redis::{RedisServer, shared};

async fn open(prefix: &str) -> RedisStore {
    let settings = RedisStore::builder(&shared().url()).unwrap();
    settings.key_prefix(prefix).connect().await.unwrap()
}

fn set(server: &RedisServer, key: &str, value: &[u8]) {
    let answer = server.ask(&[b"SET", key.as_bytes(), value]).unwrap();
    assert_eq!(answer.to_string(), "OK");
}

/// Values that a server may hold under a session's key and that this version cannot read.
fn unreadable(sound: &[u8]) -> Vec<Vec<u8>> {
    let mut newer = sound.to_vec();
    newer[0] = u8::MAX;
    let mut damaged = sound.to_vec();
    damaged[sound.len() / 2] ^= 1;
    vec![
        newer,
        damaged,
        sound[..sound.len() - 1].to_vec(),
        b"{\"user\":\"alice\"}".to_vec(),
    ]
}

#[tokio::test]
async fn an_unreadable_record_is_an_error_and_stays_unchanged() {
    let store = open("unreadable:").await;
    let record = SampleRecord::new(1).principal("alice").build();
    let (handle, now) = (record.handle(), record.created_at());
    store.create(record.clone(), None, now).await.unwrap();
    let key = format!("unreadable:{handle}");
    let alice = Owner::principal("alice").unwrap();
    for value in unreadable(&record.encode()) {
        set(shared(), &key, &value);
        let kind = |error: certsession_core::StoreError| error.kind();
        let unreadable = StoreErrorKind::Unreadable;
        assert_eq!(store.load(handle, now).await.map_err(kind), Err(unreadable));
        let write = SampleCommit::on(&record).insert("a", "1");
        if value.len() < 13 || value[5..13] != record.revision().to_bytes() {
            let written = store.commit(write.build()).await;
            assert_eq!(written.map_err(kind), Err(unreadable));
        }
        let listed = store.sessions(&alice, &Page::default(), now).await;
        assert_eq!(listed.map_err(kind), Err(unreadable));
        let everyones = store.all_sessions(&Page::default(), now).await.unwrap();
        assert_eq!(everyones.unreadable(), [handle]);
        assert_eq!(everyones.sessions(), []);
        let again = SampleRecord::new(1).build();
        let again = store.create(again, None, now).await.unwrap();
        assert_eq!(again, Creation::Exists);
        let kept = shared().ask(&["GET", key.as_str()]).unwrap();
        assert_eq!(kept.into_bytes(), value);
    }
    // It can be ended like any other session.
    assert!(store.remove(handle).await.unwrap());
    assert_eq!(store.load(handle, now).await.unwrap(), None);
}

#[tokio::test]
async fn an_unreadable_session_is_revoked_like_the_others() {
    let store = open("others:").await;
    let alice = Owner::principal("alice").unwrap();
    let records: Vec<_> = (1..=3)
        .map(|n| SampleRecord::new(n).principal("alice").build())
        .collect();
    for record in &records {
        let created = store
            .create(record.clone(), None, record.created_at())
            .await;
        created.unwrap();
    }
    set(
        shared(),
        &format!("others:{}", records[1].handle()),
        b"\x02newer",
    );
    assert_eq!(store.revoke(&alice).await.unwrap().len(), 3);
    for record in &records {
        let loaded = store.load(record.handle(), record.created_at()).await;
        assert_eq!(loaded.unwrap(), None);
    }
}

#[tokio::test]
async fn an_operator_ends_an_unreadable_session_with_the_others() {
    let sessions = SessionManager::builder(open("everyone:").await).build();
    let records = [1, 2].map(|n| SampleRecord::new(n).principal("alice").build());
    for record in &records {
        let created = sessions
            .store()
            .create(record.clone(), None, record.created_at());
        created.await.unwrap();
    }
    let unreadable = format!("everyone:{}", records[1].handle());
    set(shared(), &unreadable, b"\x07newer");
    assert_eq!(sessions.count_sessions().await.unwrap(), 1);
    assert_eq!(sessions.admin().revoke_everyone().await.unwrap(), 2);
    assert_eq!(sessions.count_sessions().await.unwrap(), 0);
    let kept = shared().ask(&["GET", &unreadable]).unwrap();
    assert_eq!(kept.into_bytes(), b"", "its placeholder");
}

#[tokio::test]
async fn keys_of_another_type_are_errors_and_stay_unchanged() {
    let store = open("typed:").await;
    let record = SampleRecord::new(1).principal("alice").build();
    let (handle, now) = (record.handle(), record.created_at());
    let key = format!("typed:{handle}");
    shared().ask(&["RPUSH", key.as_str(), "a", "b"]).unwrap();
    for kind in [
        store.load(handle, now).await.map(drop).unwrap_err().kind(),
        store.remove(handle).await.map(drop).unwrap_err().kind(),
        store
            .commit(SampleCommit::on(&record).insert("a", "1").build())
            .await
            .map(|outcome| assert_ne!(outcome, Outcome::Gone))
            .unwrap_err()
            .kind(),
    ] {
        assert_eq!(kind, StoreErrorKind::Unreadable);
    }
    assert_eq!(shared().cli(&["LLEN", key.as_str()]), "2");
}

#[tokio::test]
async fn the_rules_refuse_an_unreadable_record_and_report_it() {
    let events = EventLog::new();
    let rules = SessionManager::builder(open("rules:").await);
    let sessions = rules.event_sink(events.clone()).build();
    let token = Token::issue().unwrap();
    let key = format!("rules:{}", token.handle());
    set(shared(), &key, b"\x7fa record of the future");
    let text = token.expose();
    let opened = sessions
        .open(Presented::One(text.as_bytes()), &PeerState::Absent)
        .await;
    assert!(matches!(opened, Err(SessionError::Store(_))), "{opened:?}");
    let expected = SessionEvent::StoreFailed {
        operation: StoreOperation::Load,
        kind: StoreErrorKind::Unreadable,
    };
    assert_eq!(events.events(), [expected]);
}

#[tokio::test]
async fn the_server_expires_a_session_and_its_indexes_by_itself() {
    let store = open("forgets:").await;
    let record = SampleRecord::new(1).principal("alice").build();
    store
        .create(record.clone(), None, record.created_at())
        .await
        .unwrap();
    let lives = |key: &str| -> i64 { shared().cli(&["PTTL", key]).parse().unwrap() };
    let minutes = 60_000;
    let session = lives(&format!("forgets:{}", record.handle()));
    assert!(
        (29 * minutes..=30 * minutes).contains(&session),
        "{session}"
    );
    let indexes = shared().keys("forgets:i:*");
    assert_eq!(indexes.len(), 2);
    for index in indexes {
        let index = lives(std::str::from_utf8(&index).unwrap());
        assert!((779 * minutes..=780 * minutes).contains(&index), "{index}");
    }
    assert!(store.remove(record.handle()).await.unwrap());
    // For a minute a placeholder prevents delayed commands from bringing it back.
    let remaining = shared().keys("forgets:*");
    assert_eq!(
        remaining,
        [format!("forgets:{}", record.handle()).into_bytes()]
    );
    let place = lives(&format!("forgets:{}", record.handle()));
    assert!((59_000..=60_000).contains(&place), "{place}");
}

//! A write whose reply was lost with its connection, and which is sent again.

use std::sync::Arc;
use std::time::Duration;

use certsession_core::test_util::{SampleCommit, SampleRecord};
use certsession_core::{Outcome, Owner, Removal, SessionStore, StoreErrorKind};
use certsession_redis::RedisStore;
use certsession_tests::redis::{Program, RedisServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Forwards what clients send, and loses the reply to the first write together with its connection:
/// after the server has replied, it signals `taken`, and closes the connection at `cut`.
async fn lose_first_write(
    listener: TcpListener,
    server: u16,
    is_a_write: fn(&[u8]) -> bool,
    taken: Arc<Notify>,
    cut: Arc<Notify>,
) {
    let mut is_lost = false;
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
        let (mut sent, mut answered) = ([0; 4096], [0; 4096]);
        let mut is_write = false;
        loop {
            tokio::select! {
                read = client.read(&mut sent) => {
                    let Ok(length @ 1..) = read else { break };
                    is_write |= is_a_write(&sent[..length]);
                    server.write_all(&sent[..length]).await.unwrap();
                }
                read = server.read(&mut answered) => {
                    let Ok(length @ 1..) = read else { break };
                    if is_write && !is_lost {
                        is_lost = true;
                        taken.notify_one();
                        cut.notified().await;
                        break;
                    }
                    client.write_all(&answered[..length]).await.unwrap();
                }
            }
        }
    }
}

/// Whether it is a commit, in either way; and no probe, which is shorter.
fn is_a_commit(sent: &[u8]) -> bool {
    contains(sent, b"EVALSHA") || (contains(sent, b"IFEQ") && sent.len() > 200)
}

/// Whether it ends a session: it names the channel on which that is published.
fn is_an_end(sent: &[u8]) -> bool {
    contains(sent, b"cs:ended")
}

fn contains(sent: &[u8], word: &[u8]) -> bool {
    sent.windows(word.len()).any(|it| it == word)
}

async fn open(url: &str) -> RedisStore {
    let settings = RedisStore::builder(url).unwrap();
    // No test here is about replies that come in time.
    let settings = settings.timeout(Duration::from_secs(30));
    settings.connect().await.unwrap()
}

/// Writes `a` over a connection that is lost, while `meanwhile` runs over another.
async fn write_twice(
    program: Program,
    meanwhile: impl AsyncFnOnce(&RedisStore, &certsession_core::Record),
) -> (
    Result<Outcome, StoreErrorKind>,
    Option<Arc<certsession_core::Record>>,
) {
    let server = RedisServer::builder().program(program).tcp().start();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = listener.local_addr().unwrap();
    let (taken, cut) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let port = server.port().unwrap();
    let proxied = lose_first_write(listener, port, is_a_commit, taken.clone(), cut.clone());
    let proxied = tokio::spawn(proxied);

    let direct = open(&server.url()).await;
    let record = SampleRecord::new(1).insert("a", "0").build();
    direct
        .create(record.clone(), None, record.created_at())
        .await
        .unwrap();
    // After this commit the server has the script, so the first write is executed.
    let first = SampleCommit::on(&record).insert("b", "0").build();
    assert!(matches!(
        direct.commit(first).await,
        Ok(Outcome::Applied { .. })
    ));
    let loaded = direct
        .load(record.handle(), record.created_at())
        .await
        .unwrap()
        .unwrap();

    let far = open(&format!("redis://{proxy}")).await;
    let write = far.commit(SampleCommit::on(&loaded).insert("a", "1").build());
    let between = async {
        taken.notified().await;
        meanwhile(&direct, &loaded).await;
        cut.notify_one();
    };
    let (outcome, ()) = tokio::join!(write, between);
    let kept = direct
        .load(record.handle(), record.created_at())
        .await
        .unwrap();
    proxied.abort();
    (outcome.map_err(|error| error.kind()), kept)
}

/// Servers without and with a compare-and-set of their own.
const PROGRAMS: [Program; 2] = [Program::Redis, Program::Valkey];

#[tokio::test]
async fn a_write_that_was_executed_is_not_executed_again() {
    for program in PROGRAMS {
        let (outcome, kept) = write_twice(program, async |_, _| ()).await;
        let Ok(Outcome::Applied { record, .. }) = outcome else {
            panic!("{program:?}: {outcome:?}")
        };
        assert_eq!(Some(&record), kept.as_ref());
        assert_eq!(record.data().get("a"), Some(&b"1"[..]));
    }
}

#[tokio::test]
async fn p5_a_write_that_is_sent_twice_does_not_undo_one_in_between() {
    for program in PROGRAMS {
        let (outcome, kept) = write_twice(program, async |direct, loaded| {
            let now = loaded.created_at();
            let seen = direct.load(loaded.handle(), now).await.unwrap().unwrap();
            assert_eq!(
                seen.data().get("a"),
                Some(&b"1"[..]),
                "the first write was not executed"
            );
            let next = SampleCommit::on(&seen).insert("a", "2").build();
            assert!(matches!(
                direct.commit(next).await,
                Ok(Outcome::Applied { .. })
            ));
        })
        .await;
        assert_eq!(outcome, Err(StoreErrorKind::Unavailable), "{program:?}");
        assert_eq!(kept.unwrap().data().get("a"), Some(&b"2"[..]));
    }
}

#[tokio::test]
async fn p4_a_write_that_is_sent_twice_does_not_revive_a_session_that_ended_in_between() {
    for program in PROGRAMS {
        let ended = async |direct: &RedisStore, loaded: &certsession_core::Record| {
            assert!(direct.remove(loaded.handle()).await.unwrap());
        };
        let (outcome, kept) = write_twice(program, ended).await;
        assert_eq!(outcome, Ok(Outcome::Gone), "{program:?}");
        assert_eq!(kept, None);
    }
}

/// Each way to end one session. True if the call says that it ended it.
#[derive(Clone, Copy, Debug)]
enum Way {
    Remove,
    RemoveUnchanged,
    Revoke,
    EndOldest,
}

impl Way {
    const ALL: [Self; 4] = [
        Self::Remove,
        Self::RemoveUnchanged,
        Self::Revoke,
        Self::EndOldest,
    ];

    async fn end(self, store: &RedisStore, record: &certsession_core::Record) -> bool {
        let (handle, alice) = (record.handle(), Owner::principal("alice").unwrap());
        match self {
            Self::Remove => store.remove(handle).await.unwrap(),
            Self::RemoveUnchanged => {
                store.remove_unchanged(record).await.unwrap() == Removal::Removed
            }
            Self::Revoke => store.revoke(&alice).await.unwrap() == [handle],
            Self::EndOldest => {
                let ended = store.end_oldest(&alice, 0, 0, record.created_at());
                ended.await.unwrap() == [handle]
            }
        }
    }
}

#[tokio::test]
async fn an_end_whose_reply_was_lost_is_reported_by_the_call_that_made_it() {
    for way in Way::ALL {
        let server = RedisServer::builder().tcp().start();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = listener.local_addr().unwrap();
        let (taken, cut) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let direct = open(&server.url()).await;
        let port = server.port().unwrap();
        let proxied = lose_first_write(listener, port, is_an_end, taken.clone(), cut.clone());
        let proxied = tokio::spawn(proxied);
        let far = open(&format!("redis://{proxy}")).await;
        let sample = |number| SampleRecord::new(number).principal("alice").build();
        // After this end the server has the scripts, so that the first one of the far store is
        // executed.
        for number in [1, 2] {
            let record = sample(number);
            let now = record.created_at();
            direct.create(record.clone(), None, now).await.unwrap();
            if number == 1 {
                assert!(way.end(&direct, &record).await, "{way:?}");
                assert_eq!(direct.load(record.handle(), now).await.unwrap(), None);
                continue;
            }
            let between = async {
                taken.notified().await;
                let ended = direct.load(record.handle(), now).await.unwrap();
                assert_eq!(ended, None, "{way:?}: the first end was not executed");
                cut.notify_one();
            };
            let (is_ended, ()) = tokio::join!(way.end(&far, &record), between);
            assert!(is_ended, "{way:?}");
            // Another call finds nothing left to end.
            assert!(!way.end(&far, &record).await, "{way:?}");
        }
        proxied.abort();
    }
}

//! A change to a session that comes between two commands of another operation: after it has found
//! the session expired, and before it ends it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use certsession_core::test_util::{SampleCommit, SampleRecord};
use certsession_core::{Admission, Creation, Outcome, Owner, Record, SessionStore, Timestamp};
use certsession_redis::RedisStore;
use certsession_tests::redis::RedisServer;
use futures_util::future::join;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Nodes of one application on one server. The first command by which the far one ends a session is
/// held until the near one has done something.
struct Nodes {
    near: RedisStore,
    far: RedisStore,
    hold: Arc<Hold>,
    _server: RedisServer,
}

#[derive(Default)]
struct Hold {
    was_used: AtomicBool,
    arrived: Notify,
    released: Notify,
}

impl Nodes {
    async fn start() -> Self {
        let server = RedisServer::builder().tcp().start();
        let near = open(&server.url()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = listener.local_addr().unwrap();
        let (port, hold) = (server.port().unwrap(), Arc::<Hold>::default());
        let held = Arc::clone(&hold);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(forward(client, server, Arc::clone(&held)));
            }
        });
        let far = open(&format!("redis://{proxy}")).await;
        Self {
            near,
            far,
            hold,
            _server: server,
        }
    }

    /// Runs an operation on the far node, and uses a session on the near one before the far one has
    /// ended it. Returns the record that came of the use.
    async fn extend_during<T>(
        &self,
        operation: impl Future<Output = T>,
        record: &Record,
    ) -> (T, Arc<Record>) {
        let extend = async {
            self.hold.arrived.notified().await;
            let use_it = SampleCommit::on(record).idle_deadline(record.absolute_deadline());
            let outcome = self.near.commit(use_it.build()).await.unwrap();
            self.hold.released.notify_one();
            match outcome {
                Outcome::Applied { record, .. } => record,
                other => panic!("{other:?}"),
            }
        };
        join(operation, extend).await
    }
}

async fn open(url: &str) -> RedisStore {
    let settings = RedisStore::builder(url).unwrap();
    // No test here is about replies that come in time.
    let settings = settings.timeout(Duration::from_secs(30));
    settings.connect().await.unwrap()
}

/// Forwards everything, but holds the first command that ends a session: it names the channel on
/// which that is published.
async fn forward(mut client: TcpStream, mut server: TcpStream, hold: Arc<Hold>) {
    let (mut sent, mut answered) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            read = client.read(&mut sent) => {
                let Ok(length @ 1..) = read else { break };
                let sent = &sent[..length];
                let ends = sent.windows(8).any(|it| it == b"cs:ended");
                if ends && !hold.was_used.swap(true, Ordering::Relaxed) {
                    hold.arrived.notify_one();
                    hold.released.notified().await;
                }
                server.write_all(sent).await.unwrap();
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { break };
                client.write_all(&answered[..length]).await.unwrap();
            }
        }
    }
}

/// A session of alice, and the time at which it expires if it is not used.
async fn keep(store: &RedisStore, number: u32) -> (Arc<Record>, Timestamp) {
    let record = SampleRecord::new(number).principal("alice").build();
    let now = record.created_at();
    let created = store.create(Arc::clone(&record), None, now).await;
    assert_eq!(created.unwrap(), Creation::Created { evicted: vec![] });
    let deadline = record.idle_deadline();
    (record, deadline)
}

#[tokio::test]
async fn a_session_that_is_used_before_it_is_ended_as_expired_is_loaded() {
    let nodes = Nodes::start().await;
    let (record, deadline) = keep(&nodes.near, 1).await;
    let load = nodes.far.load(record.handle(), deadline);
    let (loaded, extended) = nodes.extend_during(load, &record).await;
    assert_eq!(loaded.unwrap().as_ref(), Some(&extended));
    let kept = nodes.near.load(record.handle(), deadline).await.unwrap();
    assert_eq!(kept, Some(extended));
}

#[tokio::test]
async fn a_session_that_is_used_before_a_sign_in_ends_it_as_expired_takes_its_place() {
    let nodes = Nodes::start().await;
    let (record, deadline) = keep(&nodes.near, 1).await;
    let next = SampleRecord::new(2).principal("alice").created_at(deadline);
    let next = next.build();
    let two = Admission::at_most(NonZeroU32::MIN.saturating_add(1));
    let (other, _) = keep(&nodes.near, 3).await;
    let renewed = SampleCommit::on(&other).idle_deadline(other.absolute_deadline());
    nodes.near.commit(renewed.build()).await.unwrap();

    let sign_in = nodes.far.create(next.clone(), Some(two), deadline);
    let (created, _) = nodes.extend_during(sign_in, &record).await;
    // Both were in use, so the older one made room.
    let evicted = vec![record.handle()];
    assert_eq!(created.unwrap(), Creation::Created { evicted });
    let alice = Owner::principal("alice").unwrap();
    let mut revoked = nodes.near.revoke(&alice).await.unwrap();
    revoked.sort_unstable();
    assert_eq!(revoked, [next.handle(), other.handle()]);
    for record in [&record, &next, &other] {
        let left = nodes.near.load(record.handle(), record.created_at()).await;
        assert_eq!(left.unwrap(), None);
    }
}

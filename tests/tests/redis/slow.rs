//! A server that is slow, and a connection that many requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use certsession_core::test_util::SampleRecord;
use certsession_core::{Record, SessionStore, StoreErrorKind};
use certsession_redis::RedisStore;
use certsession_tests::redis::RedisServer;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Long enough for one reply on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Forwards everything to a server, but of its replies only so many bytes in all as it is told, and
/// counts the connections.
struct Dam {
    port: u16,
    connections: Arc<AtomicUsize>,
    lets_through: watch::Sender<usize>,
}

impl Dam {
    async fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (lets_through, through) = watch::channel(usize::MAX);
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(forward(client, server, through.clone()));
            }
        });
        Self {
            port,
            connections,
            lets_through,
        }
    }
}

async fn forward(client: TcpStream, server: TcpStream, mut through: watch::Receiver<usize>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let requests = tokio::io::copy(&mut from_client, &mut to_server);
    let replies = async {
        let mut buffer = vec![0; 1024];
        // Counted from when the limit was last set.
        let mut sent = 0;
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            let mut piece = &buffer[..length];
            while !piece.is_empty() {
                if through.has_changed().unwrap_or(false) {
                    through.mark_unchanged();
                    sent = 0;
                }
                let room = (*through.borrow()).saturating_sub(sent).min(piece.len());
                if room == 0 {
                    if through.changed().await.is_err() {
                        return;
                    }
                    sent = 0;
                    continue;
                }
                if to_client.write_all(&piece[..room]).await.is_err() {
                    return;
                }
                sent += room;
                piece = &piece[room..];
            }
        }
    };
    tokio::select! {
        _ = requests => {}
        () = replies => {}
    }
}

async fn loads(store: &RedisStore, records: &[Arc<Record>]) -> Vec<Result<bool, StoreErrorKind>> {
    let loads = records.iter().map(async |record| {
        let loaded = store.load(record.handle(), record.created_at()).await;
        let loaded = loaded.map_err(|error| error.kind())?;
        Ok(loaded.as_ref() == Some(record))
    });
    join_all(loads).await
}

#[tokio::test]
async fn a_timeout_of_one_request_takes_the_connection_from_no_other() {
    let server = RedisServer::builder().tcp().start();
    let dam = Dam::before(server.port().unwrap()).await;
    let settings = RedisStore::builder(&format!("redis://127.0.0.1:{}", dam.port)).unwrap();
    let store = settings.timeout(TIMEOUT).connect().await.unwrap();
    let sample = |n| {
        SampleRecord::new(n)
            .insert("a", &"9".repeat(10_000))
            .build()
    };
    let records: Vec<_> = (1..=4).map(sample).collect();
    for record in &records {
        let created = store.create(Arc::clone(record), None, record.created_at());
        created.await.unwrap();
    }
    assert_eq!(loads(&store, &records).await, [Ok(true); 4]);
    let connections = dam.connections.load(Ordering::Relaxed);

    // The first reply comes, and half of the second.
    dam.lets_through.send(15_000).unwrap();
    let late = Err(StoreErrorKind::Unavailable);
    assert_eq!(loads(&store, &records).await, [Ok(true), late, late, late]);
    dam.lets_through.send(usize::MAX).unwrap();
    assert_eq!(loads(&store, &records).await, [Ok(true); 4]);
    assert_eq!(dam.connections.load(Ordering::Relaxed), connections);

    // Nothing comes: the connection is suspect, and the next request opens another.
    dam.lets_through.send(0).unwrap();
    assert_eq!(loads(&store, &records).await, [late; 4]);
    dam.lets_through.send(usize::MAX).unwrap();
    assert_eq!(loads(&store, &records).await, [Ok(true); 4]);
    assert_eq!(dam.connections.load(Ordering::Relaxed), connections + 1);
}

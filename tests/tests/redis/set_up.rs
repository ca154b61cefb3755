//! The errors of a store for a server that it cannot use: one error, which tells the operator what
//! to do.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Instant;

use certsession_redis::{ConnectError, RedisStore};
use certsession_tests::redis::{self, RedisCluster, RedisServer, RedisTls};

use crate::harness::LEAST;

async fn connect(url: &str) -> ConnectError {
    RedisStore::connect(url).await.unwrap_err()
}

#[test]
fn the_guide_lists_the_permissions_that_the_tests_grant() {
    let guide = include_str!("../../../docs/redis.md");
    assert!(guide.contains(&format!("~cs:* resetchannels &cs:ended {LEAST}\n")));
}

#[tokio::test]
async fn an_unreachable_server_is_reported_with_its_address() {
    let error = connect("redis://:secret@127.0.0.1:1").await;
    assert!(
        matches!(&error, ConnectError::Unreachable { address, .. } if address == "127.0.0.1:1")
    );
    let message = error.to_string();
    assert!(
        message.contains("Is it running") && !message.contains("secret"),
        "{message}"
    );
}

#[tokio::test]
async fn connecting_to_an_unresponsive_server_fails_within_the_timeout() {
    let server = RedisServer::start();
    server.pause();
    let began = Instant::now();
    let error = connect(&server.url()).await;
    server.resume();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    assert!(began.elapsed().as_millis() < 2_500, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_wrong_password_has_its_own_error() {
    let server = RedisServer::builder()
        .tcp()
        .user(&format!("sessions on >secret ~cs:* resetchannels {LEAST}"))
        .start();
    for url in [
        server.url_as("sessions", "guess"),
        server.url_as("unknown", "secret"),
        server.url(),
    ] {
        let error = connect(&url).await;
        assert!(
            matches!(error, ConnectError::Denied { .. }),
            "{url}: {error}"
        );
        assert!(!error.to_string().contains("guess"));
    }
    let right = RedisStore::connect(&server.url_as("sessions", "secret")).await;
    assert!(right.is_ok(), "{right:?}");
}

#[tokio::test]
async fn a_user_with_too_few_permissions_has_its_own_error() {
    let server = RedisServer::builder()
        .tcp()
        .user("scriptless on >secret ~cs:* -@all +hello +get +set +del")
        .user(&format!("elsewhere on >secret ~other:* {LEAST}"))
        .start();
    for user in ["scriptless", "elsewhere"] {
        let error = connect(&server.url_as(user, "secret")).await;
        let is_not_permitted = matches!(error, ConnectError::NotPermitted { .. });
        assert!(
            is_not_permitted && error.to_string().contains("docs/redis.md"),
            "{user}: {error}"
        );
    }
}

#[tokio::test]
async fn a_server_other_than_redis_has_its_own_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let error = connect(&format!("redis://127.0.0.1:{port}")).await;
    assert!(matches!(error, ConnectError::NotRedis { .. }), "{error:?}");
}

/// A server as old as this does not exist any more; its replies are known.
#[tokio::test]
async fn a_server_that_is_too_old_is_reported_with_its_version() {
    let answers: [(&[u8], &str); 2] = [
        (b"-ERR unknown command `HELLO`, with args beginning with: `2`\r\n", "5 or older"),
        (
            b"*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n6.0.16\r\n$5\r\nproto\r\n:2\r\n\
              $2\r\nid\r\n:3\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n\
              $7\r\nmodules\r\n*0\r\n",
            "6.0.16",
        ),
    ];
    for (answer, version) in answers {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let mut heard = [0; 1024];
            while let Ok(length @ 1..) = stream.read(&mut heard) {
                let heard = &heard[..length];
                let commands = heard.iter().filter(|byte| **byte == b'*').count();
                let is_hello = heard.windows(5).any(|word| word == b"HELLO");
                for _ in usize::from(is_hello)..commands {
                    stream.write_all(b"+OK\r\n").unwrap();
                }
                if is_hello {
                    stream.write_all(answer).unwrap();
                }
            }
        });
        let error = connect(&format!("redis://127.0.0.1:{port}")).await;
        let is_too_old =
            matches!(&error, ConnectError::TooOld { version: it, .. } if it == version);
        assert!(is_too_old, "{error:?}");
    }
}

#[tokio::test]
async fn a_replica_is_distinguished_from_its_master() {
    let master = RedisServer::builder().tcp().start();
    let port = master.port().unwrap().to_string();
    let replica = RedisServer::builder()
        .tcp()
        .arguments(&["--replicaof", &format!("127.0.0.1 {port}")])
        .start();
    let error = connect(&replica.url()).await;
    assert!(matches!(error, ConnectError::Replica { .. }), "{error}");
}

#[tokio::test]
async fn a_cluster_is_distinguished_from_a_single_server() {
    let cluster = RedisCluster::start();
    let error = connect(&cluster.urls()[0]).await;
    assert!(matches!(error, ConnectError::ClusterNode { .. }), "{error}");
    let alone = RedisServer::builder().tcp().start();
    let url = alone.url().replace("redis://", "redis-cluster://");
    let error = connect(&url).await;
    assert!(
        matches!(error, ConnectError::NotClustered { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_tls_setup_error_is_reported_before_anything_is_sent() {
    let tls = RedisTls::new();
    let server = RedisServer::builder().tls(&tls).start();
    let settings = || RedisStore::builder(&server.url()).unwrap();

    let nonsense = settings().tls_authority_pem("no certificate");
    let error = nonsense.connect().await.unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::Tls { .. } | ConnectError::Unreachable { .. }
        ),
        "{error:?}"
    );

    let stranger = RedisTls::new();
    let distrusted = settings().tls_authority_pem(stranger.authority_pem());
    let error = distrusted.connect().await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");

    let nameless = settings().tls_authority_pem(tls.authority_pem());
    let error = nameless.connect().await.unwrap_err();
    assert!(
        matches!(error, ConnectError::Unreachable { .. }),
        "{error:?}"
    );

    let plain = RedisStore::builder(&redis::shared().url()).unwrap();
    let misplaced = plain.tls_authority_pem(tls.authority_pem());
    let error = misplaced.connect().await.unwrap_err();
    assert!(error.to_string().contains("write rediss"), "{error}");
}

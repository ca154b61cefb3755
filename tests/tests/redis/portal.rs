//! The portal with each kind of server, tested with curl.

use std::fs;

use certsession_core::test_util::SampleRecord;
use certsession_core::{Owner, SessionStore};
use certsession_redis::RedisStore;
use certsession_tests::programs::Portal;
use certsession_tests::redis::{RedisCluster, RedisServer, RedisTls};
use certsession_tests::stores::{StoreKind, open_redis};
use certsession_tests::{Http, Plan, Stack, adapters, run};

use crate::harness::{cluster, cluster_url, guarded, sentinel, sentinel_url, tls};

/// Defines a kind of store for each URL.
macro_rules! stores_at {
    ($($name:ident: $url:expr;)*) => {$(
        struct $name;

        impl StoreKind for $name {
            type Store = RedisStore;

            async fn open(_: Option<usize>) -> RedisStore {
                open_redis(&$url).await
            }

            fn portal_flag() -> String {
                $url
            }
        }
    )*};
}

stores_at! {
    OnCluster: cluster_url(cluster());
    UnderSentinel: sentinel_url(sentinel());
    OverTls: guarded().url_as("sessions", "secret");
}

#[test]
fn the_portal_keeps_sessions_on_a_cluster() {
    run::<adapters::Actix, OnCluster, _>(Stack::Rustls, Http::Two, |plan| live(plan, vec![]));
}

#[test]
fn the_portal_keeps_sessions_on_the_master_of_sentinels() {
    run::<adapters::Actix, UnderSentinel, _>(Stack::Openssl, Http::One, |plan| live(plan, vec![]));
}

#[test]
fn the_portal_keeps_sessions_over_tls_as_a_user_with_a_certificate() {
    run::<adapters::Actix, OverTls, _>(Stack::Rustls, Http::One, |plan| async move {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, pem: &str| {
            let path = folder.path().join(name);
            fs::write(&path, pem).unwrap();
            path.display().to_string()
        };
        let tls: &RedisTls = tls();
        let flags = [
            "--redis-prefix".to_owned(),
            "test-portal:".to_owned(),
            "--redis-ca".to_owned(),
            file("ca.pem", tls.authority_pem()),
            "--redis-cert".to_owned(),
            file("client.pem", tls.client_pem()),
            "--redis-key".to_owned(),
            file("client.key", &tls.client_key_pem()),
        ];
        live(plan, flags.to_vec()).await;
    });
}

#[tokio::test]
async fn a_cluster_can_be_used_over_tls() {
    let tls = RedisTls::new();
    let cluster = RedisCluster::start_as(RedisServer::builder().tls(&tls));
    let url = cluster_url(&cluster).replace("redis-cluster://", "rediss-cluster://");
    let settings = RedisStore::builder(&url)
        .unwrap()
        .tls_authority_pem(tls.authority_pem())
        .tls_identity_pem(tls.client_pem(), tls.client_key_pem());
    let store = settings.connect().await.unwrap();
    for n in 0..20 {
        let record = SampleRecord::new(n).principal("alice").build();
        let (handle, now) = (record.handle(), record.created_at());
        store.create(record.clone(), None, now).await.unwrap();
        assert_eq!(store.load(handle, now).await.unwrap(), Some(record));
    }
    let alice = Owner::principal("alice").unwrap();
    assert_eq!(store.revoke(&alice).await.unwrap().len(), 20);
}

/// Runs a session through its whole life.
async fn live(plan: Plan, flags: Vec<String>) {
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let first = Portal::start(plan, &flags);
    let alice = first.curl("alice");
    alice.put("/session/data/k", "7");
    assert_eq!(alice.sign_in("alice", &["k"]).status, 204);
    assert_eq!(alice.get("/session/data/k").body, "7");
    let thief = first.curl("bob").with_jar_of(&alice);
    assert_eq!(thief.get("/me").status, 403);
    let planted = first.curl("alice").with_jar_of(&alice);
    assert_eq!(alice.post("/rotate").status, 204);
    assert_eq!(planted.get("/me").status, 401, "the old token is dead");
    assert_eq!(alice.get("/me").status, 200);
    assert_eq!(alice.post("/sign-out").status, 204);
    assert_eq!(alice.get("/me").status, 401);
}

//! Which way of replacing a record is used: the server's own compare-and-set, or a script.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Instant;

use certsession_core::test_util::{SampleCommit, SampleRecord};
use certsession_core::{Outcome, Record, SessionStore};
use certsession_redis::RedisStore;
use certsession_tests::redis::{CommandStats, Program, RedisServer};
use futures_util::future::join_all;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::harness::open_pool;

/// A server with a compare-and-set of its own, and one without.
struct Both {
    valkey: RedisServer,
    redis: RedisServer,
}

impl Both {
    fn start() -> Self {
        let start = |program| RedisServer::builder().program(program).tcp().start();
        Self {
            valkey: start(Program::Valkey),
            redis: start(Program::Redis),
        }
    }
}

/// Forwards each connection to the server at this port, and cuts all of them when it changes.
struct Switch {
    port: u16,
    to: Arc<AtomicU16>,
    cut: Arc<Notify>,
}

impl Switch {
    async fn to(server: &RedisServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let switch = Self {
            port: listener.local_addr().unwrap().port(),
            to: Arc::new(AtomicU16::new(server.port().unwrap())),
            cut: Arc::default(),
        };
        let (to, cut) = (Arc::clone(&switch.to), Arc::clone(&switch.cut));
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let port = to.load(Ordering::Relaxed);
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let cut = Arc::clone(&cut);
                tokio::spawn(async move {
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        () = cut.notified() => {}
                    }
                });
            }
        });
        switch
    }

    fn turn_to(&self, server: &RedisServer) {
        self.to.store(server.port().unwrap(), Ordering::Relaxed);
        self.cut.notify_waiters();
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

/// Writes to a session, and returns the commands that this took.
async fn write(server: &RedisServer, store: &RedisStore, record: &Record) -> CommandStats {
    let now = record.created_at();
    let before = server.commandstats();
    let loaded = store.load(record.handle(), now).await.unwrap().unwrap();
    let commit = SampleCommit::on(&loaded).insert("a", "1").build();
    let outcome = store.commit(commit).await.unwrap();
    assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
    let mut commands = server.commands_since(&before);
    for name in ["hello", "client|setinfo", "ping"] {
        commands.remove(name);
    }
    commands
}

async fn keep(store: &RedisStore) -> Arc<Record> {
    let record = SampleRecord::new(1).build();
    let created = store.create(record.clone(), None, record.created_at());
    created.await.unwrap();
    record
}

#[tokio::test]
async fn the_question_what_a_server_can_do_writes_nothing() {
    for program in [Program::Redis, Program::Valkey] {
        let server = RedisServer::builder().program(program).start();
        let _store = RedisStore::connect(&server.url()).await.unwrap();
        assert_eq!(server.cli(&["DBSIZE"]), "0");
        assert_eq!(server.info("rdb_changes_since_last_save"), "0");
    }
}

#[tokio::test]
async fn each_server_is_asked_again_after_a_reconnect() {
    let both = Both::start();
    let switch = Switch::to(&both.redis).await;
    let store = RedisStore::connect(&switch.url()).await.unwrap();
    let record = keep(&store).await;
    assert!(
        write(&both.redis, &store, &record)
            .await
            .contains_key("evalsha")
    );

    switch.turn_to(&both.valkey);
    let record = keep(&store).await;
    let commands = write(&both.valkey, &store, &record).await;
    assert_eq!(
        commands.get("set"),
        Some(&2),
        "the question and the write: {commands:?}"
    );
    assert!(!commands.contains_key("evalsha"), "{commands:?}");
    let commands = write(&both.valkey, &store, &record).await;
    assert_eq!(commands.get("set"), Some(&1), "{commands:?}");

    switch.turn_to(&both.redis);
    assert!(
        write(&both.redis, &store, &record)
            .await
            .contains_key("evalsha")
    );
}

/// A pool does not tell the store that it has connected to another server.
#[tokio::test]
async fn a_server_that_has_no_such_command_any_more_gets_the_script() {
    let both = Both::start();
    let switch = Switch::to(&both.valkey).await;
    let store = open_pool(&switch.url());
    let record = keep(&store).await;
    assert!(
        !write(&both.valkey, &store, &record)
            .await
            .contains_key("evalsha")
    );
    assert!(
        !write(&both.valkey, &store, &record)
            .await
            .contains_key("evalsha")
    );

    switch.turn_to(&both.redis);
    let record = keep(&store).await;
    let commands = write(&both.redis, &store, &record).await;
    assert_eq!(
        commands.get("set"),
        Some(&2),
        "one was refused: {commands:?}"
    );
    assert!(
        commands.keys().any(|name| name.starts_with("eval")),
        "{commands:?}"
    );
    let commands = write(&both.redis, &store, &record).await;
    assert_eq!(commands.get("set"), Some(&1), "{commands:?}");
}

#[tokio::test]
async fn the_script_can_be_asked_for() {
    let server = RedisServer::builder().program(Program::Valkey).start();
    let settings = RedisStore::builder(&server.url()).unwrap();
    let store = settings.scripts_only().connect().await.unwrap();
    let record = keep(&store).await;
    let commands = write(&server, &store, &record).await;
    assert!(
        commands.keys().any(|name| name.starts_with("eval")),
        "{commands:?}"
    );
}

/// Processor time of the server and of both sides together, per write, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Cost {
    server: f64,
    elapsed: f64,
}

async fn cost_of_writes(server: &RedisServer, store: &RedisStore, records: &[Arc<Record>]) -> Cost {
    const ROUNDS: usize = 40;
    let used = || {
        let seconds = |name| server.info(name).parse::<f64>().unwrap();
        seconds("used_cpu_user") + seconds("used_cpu_sys")
    };
    let (before, began) = (used(), Instant::now());
    for _ in 0..ROUNDS {
        let writes = records.iter().map(async |record| {
            let now = record.created_at();
            let loaded = store.load(record.handle(), now).await.unwrap().unwrap();
            let commit = SampleCommit::on(&loaded).insert("b", "[1,2,3]").build();
            store.commit(commit).await.unwrap();
        });
        join_all(writes).await;
    }
    let writes = (ROUNDS * records.len()) as f64;
    Cost {
        server: (used() - before) * 1e6 / writes,
        elapsed: began.elapsed().as_secs_f64() * 1e6 / writes,
    }
}

/// `just measure-native`: a load and a commit by the server's own compare-and-set, of one by a
/// script, on one server and in turn; the median of the ratios.
#[tokio::test]
#[ignore = "it measures"]
async fn measure_the_native_way_beside_the_script() {
    const TURNS: usize = 15;
    let server = RedisServer::builder()
        .program(Program::Valkey)
        .tcp()
        .start();
    let settings = || RedisStore::builder(&server.url()).unwrap();
    let native = settings().connect().await.unwrap();
    let script = settings().scripts_only().connect().await.unwrap();
    let records: Vec<_> = (0..16)
        .map(|n| {
            SampleRecord::new(n)
                .insert("a", &format!("\"{}\"", "9".repeat(480)))
                .build()
        })
        .collect();
    for record in &records {
        let created = native.create(record.clone(), None, record.created_at());
        created.await.unwrap();
    }
    let (mut ratios, mut costs) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let of_native = cost_of_writes(&server, &native, &records).await;
        let of_script = cost_of_writes(&server, &script, &records).await;
        ratios.push((
            of_native.server / of_script.server,
            of_script.elapsed / of_native.elapsed,
        ));
        costs.push((of_native.server, of_script.server));
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    eprintln!(
        "a load and a commit of 500 bytes, 16 at a time: the server's processor {:.2} of the \
         script's ({:.1} and {:.1} us), rate {:.2} times the script's",
        median(ratios.iter().map(|it| it.0).collect()),
        median(costs.iter().map(|it| it.0).collect()),
        median(costs.iter().map(|it| it.1).collect()),
        median(ratios.iter().map(|it| it.1).collect()),
    );
}

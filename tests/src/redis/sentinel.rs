//! A master with two replicas, watched by three sentinels.

use std::thread;
use std::time::Duration;

use super::builder::RedisBuilder;
use super::server::RedisServer;
use super::wait_for;

const REPLICAS: usize = 2;
const SENTINELS: usize = 3;
const LIMIT: Duration = Duration::from_secs(30);

/// A master with two replicas, watched by three sentinels. A master that does not respond for four
/// seconds is replaced: on a busy machine one that lives may be silent for a second, and its
/// replacement would lose what was written meanwhile.
pub struct RedisSentinel {
    data: Vec<RedisServer>,
    sentinels: Vec<RedisServer>,
}

impl RedisSentinel {
    /// The name of the master in the sentinels' configuration.
    pub const MASTER_NAME: &str = "sessions";

    /// Starts Redis, without persistence.
    pub fn start() -> Self {
        Self::start_as(RedisServer::builder())
    }

    /// Starts data servers with this configuration.
    ///
    /// # Panics
    ///
    /// If they do not start, or do not find each other.
    pub fn start_as(builder: RedisBuilder) -> Self {
        let master = builder.clone().tcp().start();
        let port = master.port().unwrap();
        let replica_of = ["--replicaof", &format!("127.0.0.1 {port}")];
        let replica = builder.tcp().arguments(&replica_of);
        let mut data = vec![master];
        data.extend(start_all(&replica, REPLICAS));
        // A sentinel looks for replicas only every ten seconds, so they must exist before it
        // starts.
        wait_for("replicas that have it all", LIMIT, || {
            let is_linked = |server: &RedisServer| server.info("master_link_status") == "up";
            data[1..].iter().all(is_linked).then_some(())
        });
        let sentinel = RedisServer::builder().sentinel(configuration(port));
        let this = Self {
            data,
            sentinels: start_all(&sentinel, SENTINELS),
        };
        this.wait_until_ready();
        this
    }

    /// The sentinels' URLs.
    pub fn urls(&self) -> Vec<String> {
        self.sentinels.iter().map(RedisServer::url).collect()
    }

    /// The sentinels.
    pub fn sentinels(&self) -> &[RedisServer] {
        &self.sentinels
    }

    /// The servers that hold data: the initial master, and its replicas.
    pub fn data_servers(&self) -> &[RedisServer] {
        &self.data
    }

    /// The master, as the sentinels see it.
    ///
    /// # Panics
    ///
    /// If no sentinel is up.
    pub fn master(&self) -> &RedisServer {
        let mut seen = self.sentinels.iter().filter_map(|one| self.seen_by(one));
        seen.next().expect("a sentinel knows the master")
    }

    /// The other data servers.
    pub fn replicas(&self) -> Vec<&RedisServer> {
        let master = self.master().port();
        let data = self.data.iter();
        data.filter(|server| server.port() != master).collect()
    }

    /// Kills the master, and returns it, for a restart. Its replicas are in step before: one that is
    /// still being filled would take its place, empty.
    ///
    /// # Panics
    ///
    /// If they do not get in step in time.
    pub fn kill_master(&self) -> &RedisServer {
        let master = self.master();
        master.set_on_replicas(REPLICAS, "in-step", "1");
        master.kill();
        master
    }

    /// Waits until every running sentinel sees a running master that knows its role, and returns
    /// how long that took.
    ///
    /// # Panics
    ///
    /// If there is none in time.
    pub fn wait_for_new_master(&self) -> Duration {
        let (_, took) = wait_for("new master", LIMIT, || {
            let mut sentinels = self.sentinels.iter().filter(|one| one.is_up());
            let sees_one = |sentinel| self.seen_by(sentinel).is_some_and(is_master);
            sentinels.all(sees_one).then_some(())
        });
        took
    }

    fn wait_until_ready(&self) {
        wait_for("sentinels that know each other", LIMIT, || {
            let knows_all = |sentinel: &RedisServer| {
                let master = sentinel.find_info("master0").unwrap_or_default();
                master.contains("status=ok")
                    && master.contains(&format!("slaves={REPLICAS}"))
                    && master.contains(&format!("sentinels={SENTINELS}"))
            };
            self.sentinels.iter().all(knows_all).then_some(())
        });
    }

    fn seen_by(&self, sentinel: &RedisServer) -> Option<&RedisServer> {
        let command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self::MASTER_NAME];
        let address = sentinel.ask(&command).ok()?.into_list();
        let port = address.get(1)?.to_string().parse().ok();
        self.data.iter().find(|server| server.port() == port)
    }
}

fn start_all(builder: &RedisBuilder, count: usize) -> Vec<RedisServer> {
    let starting: Vec<_> = (0..count)
        .map(|_| builder.clone())
        .map(|server| thread::spawn(|| server.start()))
        .collect();
    let started = starting.into_iter().map(|server| server.join().unwrap());
    started.collect()
}

fn is_master(server: &RedisServer) -> bool {
    server.find_info("role").as_deref() == Some("master")
}

fn configuration(port: u16) -> String {
    let name = RedisSentinel::MASTER_NAME;
    format!(
        "sentinel monitor {name} 127.0.0.1 {port} 2\n\
         sentinel down-after-milliseconds {name} 4000\n\
         sentinel failover-timeout {name} 3000\n\
         sentinel parallel-syncs {name} {REPLICAS}\n"
    )
}

//! The servers that hold the candidates' sessions, on the core of the clients.

use bench_load::{CLIENT_CORE, Fault, pin};
use certsession_tests::firestore::{Emulator, new_url};
use certsession_tests::redis::{Program, RedisCluster, RedisServer};

/// One server of each kind.
pub(crate) struct Databases {
    redis: RedisServer,
    valkey: RedisServer,
    cluster: RedisCluster,
    firestore: Emulator,
}

/// What a candidate keeps its sessions in.
#[derive(Default)]
pub(crate) struct Database {
    /// Empty for a candidate that needs none.
    pub(crate) url: String,
    /// The processes whose time counts as the database's.
    pub(crate) processes: Vec<u32>,
}

enum Kind {
    Redis,
    Valkey,
    Cluster,
    Firestore,
}

impl Kind {
    /// By the candidate's name.
    fn of(candidate: &str) -> Option<Self> {
        let is_in = |kind| candidate.contains(kind);
        Some(match () {
            () if is_in("redis") => Self::Redis,
            () if is_in("valkey") => Self::Valkey,
            () if is_in("cluster") => Self::Cluster,
            () if is_in("firestore") => Self::Firestore,
            () => return None,
        })
    }
}

/// Whether this candidate keeps its sessions in a database.
pub(crate) fn has_database(candidate: &str) -> bool {
    Kind::of(candidate).is_some()
}

impl Databases {
    /// Starts them.
    pub(crate) fn start() -> Result<Self, Fault> {
        let databases = Self {
            redis: RedisServer::builder().tcp().start(),
            valkey: RedisServer::builder()
                .program(Program::Valkey)
                .tcp()
                .start(),
            cluster: RedisCluster::start(),
            firestore: Emulator::start(),
        };
        for process in databases.processes() {
            pin(process, CLIENT_CORE)?;
        }
        Ok(databases)
    }

    /// The versions of Redis and of Valkey.
    pub(crate) fn versions(&self) -> [String; 2] {
        let [redis, valkey] = [&self.redis, &self.valkey];
        [redis.info("redis_version"), valkey.info("valkey_version")]
    }

    /// That of a candidate.
    pub(crate) fn of(&self, candidate: &str) -> Database {
        let Some(kind) = Kind::of(candidate) else {
            return Database::default();
        };
        let url = match kind {
            Kind::Redis => self.redis.url(),
            Kind::Valkey => self.valkey.url(),
            Kind::Cluster => cluster_url(&self.cluster),
            Kind::Firestore => new_url(self.firestore.port()),
        };
        let processes = self.processes_of(kind);
        Database { url, processes }
    }

    /// The processes of all of them.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let kinds = [Kind::Redis, Kind::Valkey, Kind::Cluster, Kind::Firestore];
        let processes = kinds.map(|kind| self.processes_of(kind));
        processes.concat()
    }

    fn processes_of(&self, kind: Kind) -> Vec<u32> {
        match kind {
            Kind::Redis => vec![self.redis.process_id()],
            Kind::Valkey => vec![self.valkey.process_id()],
            Kind::Cluster => {
                let nodes = self.cluster.nodes().iter();
                nodes.map(RedisServer::process_id).collect()
            }
            Kind::Firestore => vec![self.firestore.process_id()],
        }
    }
}

fn cluster_url(cluster: &RedisCluster) -> String {
    let nodes = cluster.nodes().iter().filter_map(RedisServer::port);
    let nodes: Vec<_> = nodes.map(|port| format!("127.0.0.1:{port}")).collect();
    format!("redis-cluster://{}", nodes.join(","))
}

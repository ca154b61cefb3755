//! The candidates' names.

/// A candidate of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// actix-web without sessions.
    Bare,
    /// The baseline, in memory.
    BaselineMemory,
    /// The baseline in Redis, with one connection for each worker.
    BaselineRedis,
    /// The same with one multiplexed connection that was created in `main`.
    BaselineRedisShared,
    /// The same with one `ConnectionManager` that was created in `main`.
    BaselineRedisManager,
    /// This project, in memory.
    CertsessionMemory,
    /// This project in Redis.
    CertsessionRedis,
    /// The same with copies of the records in the process.
    CertsessionRedisNear,
    /// The same with a pool of connections.
    CertsessionRedisPool,
    /// actix-session, in the cookie.
    ActixSessionCookie,
    /// actix-session in Redis, with a `ConnectionManager`.
    ActixSessionRedis,
    /// The same with a TTL that each request extends.
    ActixSessionRedisSliding,
    /// The same with a pool of connections.
    ActixSessionRedisPool,
    /// This project in Valkey, by its own compare-and-set.
    CertsessionValkey,
    /// The same by a script.
    CertsessionValkeyScript,
    /// actix-session in Valkey.
    ActixSessionValkey,
    /// This project in a cluster of Redis.
    CertsessionCluster,
    /// axum without sessions.
    Axum,
    /// This project on axum, in memory.
    CertsessionAxumMemory,
    /// This project on axum, in Redis.
    CertsessionAxumRedis,
    /// This project on axum, in Firestore.
    CertsessionAxumFirestore,
    /// tower-sessions, in memory.
    TowerSessionsMemory,
    /// tower-sessions in Redis.
    TowerSessionsRedis,
}

impl Candidate {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::Bare,
        Self::BaselineMemory,
        Self::BaselineRedis,
        Self::BaselineRedisShared,
        Self::BaselineRedisManager,
        Self::CertsessionMemory,
        Self::CertsessionRedis,
        Self::CertsessionRedisNear,
        Self::CertsessionRedisPool,
        Self::ActixSessionCookie,
        Self::ActixSessionRedis,
        Self::ActixSessionRedisSliding,
        Self::ActixSessionRedisPool,
        Self::CertsessionValkey,
        Self::CertsessionValkeyScript,
        Self::ActixSessionValkey,
        Self::CertsessionCluster,
        Self::Axum,
        Self::CertsessionAxumMemory,
        Self::CertsessionAxumRedis,
        Self::CertsessionAxumFirestore,
        Self::TowerSessionsMemory,
        Self::TowerSessionsRedis,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::BaselineMemory => "baseline-memory",
            Self::BaselineRedis => "baseline-redis",
            Self::BaselineRedisShared => "baseline-redis-shared",
            Self::BaselineRedisManager => "baseline-redis-manager",
            Self::CertsessionMemory => "certsession-memory",
            Self::CertsessionRedis => "certsession-redis",
            Self::CertsessionRedisNear => "certsession-redis-near",
            Self::CertsessionRedisPool => "certsession-redis-pool",
            Self::ActixSessionCookie => "actix-session-cookie",
            Self::ActixSessionRedis => "actix-session-redis",
            Self::ActixSessionRedisSliding => "actix-session-redis-sliding",
            Self::ActixSessionRedisPool => "actix-session-redis-pool",
            Self::CertsessionValkey => "certsession-valkey",
            Self::CertsessionValkeyScript => "certsession-valkey-script",
            Self::ActixSessionValkey => "actix-session-valkey",
            Self::CertsessionCluster => "certsession-cluster",
            Self::Axum => "axum",
            Self::CertsessionAxumMemory => "certsession-axum-memory",
            Self::CertsessionAxumRedis => "certsession-axum-redis",
            Self::CertsessionAxumFirestore => "certsession-axum-firestore",
            Self::TowerSessionsMemory => "tower-sessions-memory",
            Self::TowerSessionsRedis => "tower-sessions-redis",
        }
    }

    /// The candidate with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|candidate| candidate.name() == name)
    }

    /// Whether it runs without actix.
    pub const fn is_on_axum(self) -> bool {
        matches!(
            self,
            Self::Axum
                | Self::CertsessionAxumMemory
                | Self::CertsessionAxumRedis
                | Self::CertsessionAxumFirestore
                | Self::TowerSessionsMemory
                | Self::TowerSessionsRedis
        )
    }
}

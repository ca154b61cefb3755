//! The cost of a number of sessions.

use std::time::Instant;

use certsession_benches::{Population, Random};
use certsession_core::SessionManager;
use certsession_redis::RedisStore;
use certsession_tests::redis::RedisServer;

use crate::Fault;
use crate::meter::Cost;
use crate::steps::Steps;

/// A separate Redis with this number of sessions.
pub(crate) struct Size {
    redis: RedisServer,
    population: Population<RedisStore>,
    random: Random,
    steps: Steps,
    sessions: usize,
    begun: f64,
    bytes: f64,
}

/// The cost of this number of sessions.
pub(crate) struct Figures {
    pub(crate) version: String,
    pub(crate) sessions: usize,
    /// How many of them began per second, many concurrently.
    pub(crate) begun: f64,
    /// The growth of the server's memory per session, in bytes.
    pub(crate) bytes: f64,
    /// Each operation, by its name.
    pub(crate) costs: [(&'static str, Cost); 4],
}

impl Size {
    /// Fills a new Redis.
    pub(crate) async fn fill(sessions: usize) -> Result<Self, Fault> {
        let redis = RedisServer::builder().tcp().start();
        let manager = SessionManager::new(RedisStore::connect(&redis.url()).await?);
        let (before, began) = (used_memory(&redis)?, Instant::now());
        let population = Population::begin(manager, sessions).await?;
        let begun = sessions as f64 / began.elapsed().as_secs_f64();
        let grown = used_memory(&redis)? - before;
        Ok(Self {
            redis,
            population,
            random: Random::default(),
            steps: Steps::default(),
            sessions,
            begun,
            bytes: grown / sessions as f64,
        })
    }

    /// Runs each operation with some of the sessions.
    pub(crate) async fn take_steps(&mut self) -> Result<(), Fault> {
        let Self {
            redis, population, ..
        } = self;
        let numbers = Steps::sessions(self.sessions, &mut self.random);
        self.steps.take(redis, population, &numbers).await
    }

    pub(crate) fn figures(self) -> Result<Figures, Fault> {
        Ok(Figures {
            version: self.redis.info("redis_version"),
            sessions: self.sessions,
            begun: self.begun,
            bytes: self.bytes,
            costs: self.steps.costs()?,
        })
    }
}

fn used_memory(redis: &RedisServer) -> Result<f64, Fault> {
    Ok(redis.info("used_memory").parse()?)
}

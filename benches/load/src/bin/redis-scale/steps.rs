//! The operations of requests, one at a time.

use std::collections::BTreeSet;

use certsession_benches::{KEYS, Population, Random, commit};
use certsession_core::{Key, Session};
use certsession_redis::RedisStore;
use certsession_tests::redis::RedisServer;

use crate::Fault;
use crate::meter::{Cost, Meter};

/// How many different sessions run one operation before the next operation's turn.
pub(crate) const AT_A_TIME: usize = 500;

/// The results of each operation so far.
#[derive(Default)]
pub(crate) struct Steps {
    /// Opening the session of a cookie.
    load: Meter,
    /// Writing one of its keys.
    commit: Meter,
    /// Ending it.
    sign_out: Meter,
    /// Beginning another one, signed in.
    create: Meter,
}

impl Steps {
    /// As many different sessions as one operation needs, out of this number.
    pub(crate) fn sessions(sessions: usize, random: &mut Random) -> BTreeSet<usize> {
        let mut numbers = BTreeSet::new();
        while numbers.len() < AT_A_TIME.min(sessions) {
            numbers.insert(random.below(sessions));
        }
        numbers
    }

    /// Runs each operation with each of these sessions. At the end there are as many sessions as
    /// before.
    pub(crate) async fn take(
        &mut self,
        redis: &RedisServer,
        population: &mut Population<RedisStore>,
        numbers: &BTreeSet<usize>,
    ) -> Result<(), Fault> {
        let mut opened = self.open(redis, population, numbers).await?;
        let (key, length) = KEYS[KEYS.len() - 1];
        for session in &mut opened {
            session.insert(&Key::<String>::named(key), &"y".repeat(length))?;
        }
        commit_all(&mut self.commit, redis, population, &mut opened).await?;
        for session in &mut opened {
            session.sign_out()?;
        }
        commit_all(&mut self.sign_out, redis, population, &mut opened).await?;

        let mut begun = Vec::with_capacity(numbers.len());
        for &number in numbers {
            begun.push(population.prepare(number).await?);
        }
        commit_all(&mut self.create, redis, population, &mut begun).await?;
        for (&number, session) in numbers.iter().zip(begun) {
            population.replace(number, session)?;
        }
        Ok(())
    }

    async fn open(
        &mut self,
        redis: &RedisServer,
        population: &Population<RedisStore>,
        numbers: &BTreeSet<usize>,
    ) -> Result<Vec<Session>, Fault> {
        let mut opened = Vec::with_capacity(numbers.len());
        let clients = numbers.iter().map(|&number| population.client(number));
        let clients = clients.collect::<Result<Vec<_>, _>>()?;
        self.load.begin(redis)?;
        for client in &clients {
            let opening = population.manager().open(client.presented(), client.peer());
            let session = self.load.time(opening).await?;
            if session.handle().is_none() {
                return Err("a session that has begun is not there".into());
            }
            opened.push(session);
        }
        self.load.end(redis)?;
        Ok(opened)
    }

    /// The cost of each operation, by its name.
    pub(crate) fn costs(self) -> Result<[(&'static str, Cost); 4], Fault> {
        Ok([
            ("load", self.load.cost()?),
            ("commit", self.commit.cost()?),
            ("sign-out", self.sign_out.cost()?),
            ("create", self.create.cost()?),
        ])
    }
}

/// Commits the changes of each session.
async fn commit_all(
    meter: &mut Meter,
    redis: &RedisServer,
    population: &Population<RedisStore>,
    sessions: &mut [Session],
) -> Result<(), Fault> {
    meter.begin(redis)?;
    for session in sessions {
        meter.time(commit(population.manager(), session)).await?;
    }
    meter.end(redis)
}

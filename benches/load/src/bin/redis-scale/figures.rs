//! What so many sessions in a fresh Redis cost.

use std::collections::BTreeSet;
use std::time::Instant;

use certsession_benches::{KEYS, Population, Random, commit};
use certsession_core::{Key, Session, SessionManager};
use certsession_redis::RedisStore;
use certsession_tests::redis::RedisServer;

use crate::Fault;
use crate::meter::{Cost, Meter};

/// How many different sessions take each step, before the next step's turn.
const ROUND: usize = 500;

/// How often.
const ROUNDS: usize = 40;

/// How often each step is taken.
pub(crate) const STEPS: usize = ROUND * ROUNDS;

/// What so many sessions cost.
pub(crate) struct Figures {
    pub(crate) version: String,
    pub(crate) sessions: usize,
    /// How many of them began in a second, many at once.
    pub(crate) begun: f64,
    /// By how many bytes the server's memory grew, for each session.
    pub(crate) bytes: f64,
    /// The session of a cookie is opened.
    pub(crate) load: Cost,
    /// One of its keys is written.
    pub(crate) commit: Cost,
    /// It ends.
    pub(crate) sign_out: Cost,
    /// Another one begins, signed in.
    pub(crate) create: Cost,
}

impl Figures {
    pub(crate) async fn measure(sessions: usize) -> Result<Self, Fault> {
        let redis = RedisServer::builder().tcp().start();
        let manager = SessionManager::new(RedisStore::connect(&redis.url()).await?);
        let (before, began) = (used_memory(&redis)?, Instant::now());
        let mut population = Population::begin(manager, sessions).await?;
        let begun = sessions as f64 / began.elapsed().as_secs_f64();
        let grown = used_memory(&redis)? - before;

        let mut steps = Steps::new(&redis);
        let mut random = Random::default();
        for _ in 0..ROUNDS {
            steps
                .take(&mut population, &some_of(sessions, &mut random))
                .await?;
        }
        Ok(Self {
            version: redis.info("redis_version"),
            sessions,
            begun,
            bytes: grown / sessions as f64,
            load: steps.load.cost()?,
            commit: steps.commit.cost()?,
            sign_out: steps.sign_out.cost()?,
            create: steps.create.cost()?,
        })
    }
}

/// The steps, one request at a time.
struct Steps<'a> {
    load: Meter<'a>,
    commit: Meter<'a>,
    sign_out: Meter<'a>,
    create: Meter<'a>,
}

impl<'a> Steps<'a> {
    fn new(redis: &'a RedisServer) -> Self {
        let meter = || Meter::new(redis, STEPS);
        Self {
            load: meter(),
            commit: meter(),
            sign_out: meter(),
            create: meter(),
        }
    }

    /// Takes each step with each of these sessions. At the end there are as many sessions as
    /// before.
    async fn take(
        &mut self,
        population: &mut Population<RedisStore>,
        numbers: &BTreeSet<usize>,
    ) -> Result<(), Fault> {
        let mut opened = self.open(population, numbers).await?;
        let (key, length) = KEYS[KEYS.len() - 1];
        for session in &mut opened {
            session.insert(&Key::named(key), &"y".repeat(length))?;
        }
        take_all(&mut self.commit, population, &mut opened).await?;
        for session in &mut opened {
            session.sign_out()?;
        }
        take_all(&mut self.sign_out, population, &mut opened).await?;

        let mut begun = Vec::with_capacity(numbers.len());
        for &number in numbers {
            begun.push(population.prepare(number).await?);
        }
        take_all(&mut self.create, population, &mut begun).await?;
        for (&number, session) in numbers.iter().zip(begun) {
            population.replace(number, session)?;
        }
        Ok(())
    }

    async fn open(
        &mut self,
        population: &Population<RedisStore>,
        numbers: &BTreeSet<usize>,
    ) -> Result<Vec<Session>, Fault> {
        let mut opened = Vec::with_capacity(numbers.len());
        let clients = numbers.iter().map(|&number| population.client(number));
        let clients = clients.collect::<Result<Vec<_>, _>>()?;
        self.load.begin()?;
        for client in &clients {
            let opening = population.manager().open(client.presented(), client.peer());
            let session = self.load.time(opening).await?;
            if session.handle().is_none() {
                return Err("a session that has begun is not there".into());
            }
            opened.push(session);
        }
        self.load.end()?;
        Ok(opened)
    }
}

/// Commits what was noted in each session.
async fn take_all(
    meter: &mut Meter<'_>,
    population: &Population<RedisStore>,
    sessions: &mut [Session],
) -> Result<(), Fault> {
    meter.begin()?;
    for session in sessions {
        meter.time(commit(population.manager(), session)).await?;
    }
    meter.end()
}

/// As many different ones as a round has.
fn some_of(sessions: usize, random: &mut Random) -> BTreeSet<usize> {
    let mut numbers = BTreeSet::new();
    while numbers.len() < ROUND.min(sessions) {
        numbers.insert(random.below(sessions));
    }
    numbers
}

fn used_memory(redis: &RedisServer) -> Result<f64, Fault> {
    Ok(redis.info("used_memory").parse()?)
}

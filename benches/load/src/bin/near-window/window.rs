//! Many ends, from both sides.

use std::fmt;
use std::ops::Range;
use std::time::Instant;

use certsession_benches::{Client, Percentiles, Population, Samples};
use certsession_redis::RedisStore;
use certsession_tests::redis::RedisServer;

use crate::cause::{Cause, Hand};
use crate::reader::{Reader, Seen, Task};
use crate::{Fault, background};

/// The parameters of one row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) cause: Cause,
    /// How many sessions are ended.
    pub(crate) sessions: usize,
    /// How many other readers the reading node has.
    pub(crate) readers: usize,
}

/// The results of one row.
pub(crate) struct Figures {
    /// From when the end was sent.
    pub(crate) sent: Percentiles,
    /// From the acknowledgement; zero if the copy was dropped before.
    pub(crate) acknowledged: Percentiles,
    /// The share of those.
    pub(crate) gone_before: f64,
    /// The accuracy: the time since the last attempt before.
    pub(crate) unseen: Percentiles,
    /// How many sessions a second the other readers read.
    pub(crate) reads: f64,
}

/// When an end was sent, and when it was acknowledged.
struct End {
    sent: Instant,
    acknowledged: Instant,
}

pub(crate) async fn measure(
    redis: &RedisServer,
    population: &Population<RedisStore>,
    plan: Plan,
) -> Result<Figures, Fault> {
    let others = plan.sessions..plan.sessions + background::SESSIONS;
    let reader = Reader::start(Task {
        url: redis.url(),
        cause: plan.cause,
        clients: clients(population, 0..plan.sessions)?,
        others: clients(population, others)?,
        readers: plan.readers,
    })?;
    let hand = Hand::new(plan.cause, redis, population)?;
    let ends = end_all(hand, &reader, &clients(population, 0..plan.sessions)?, plan).await;
    // If the reading node fails, the other only misses it: report the reading node's own error.
    let seen = reader.join()?;
    Figures::of(&ends?, seen)
}

fn clients(
    population: &Population<RedisStore>,
    numbers: Range<usize>,
) -> Result<Vec<Client>, Fault> {
    numbers.map(|number| population.client(number)).collect()
}

/// Ends each session as soon as the reading node has a copy.
async fn end_all(
    mut hand: Hand<'_>,
    reader: &Reader,
    clients: &[Client],
    plan: Plan,
) -> Result<Vec<End>, Fault> {
    let mut ends = Vec::with_capacity(clients.len());
    let mut connection = String::new();
    for (number, client) in clients.iter().enumerate() {
        reader.wait_for_copy()?;
        // Each loss needs another connection. Otherwise the connection must be the same at the end.
        if plan.cause == Cause::LostConnection || number == 0 {
            connection = hand.connection()?;
        } else if number + 1 == clients.len() && hand.connection()? != connection {
            return Err("the reading node lost its connection meanwhile".into());
        }
        let sent = Instant::now();
        hand.act(client, &connection).await?;
        let acknowledged = Instant::now();
        ends.push(End { sent, acknowledged });
    }
    Ok(ends)
}

impl Figures {
    fn of(ends: &[End], seen: Seen) -> Result<Self, Fault> {
        let mut sent = Samples::default();
        let mut acknowledged = Samples::default();
        let mut unseen = Samples::default();
        let mut gone_before = 0;
        if ends.is_empty() || ends.len() != seen.gone.len() {
            let (ended, gone) = (ends.len(), seen.gone.len());
            return Err(format!("{ended} were ended, and {gone} copies are gone").into());
        }
        for (end, gone) in ends.iter().zip(&seen.gone) {
            let Some(since_sent) = gone.at.checked_duration_since(end.sent) else {
                return Err("a copy was gone before its end was sent".into());
            };
            sent.add(since_sent);
            acknowledged.add(gone.at.saturating_duration_since(end.acknowledged));
            unseen.add(gone.unseen);
            gone_before += usize::from(gone.at <= end.acknowledged);
        }
        Ok(Self {
            gone_before: gone_before as f64 / ends.len() as f64,
            sent: sent.percentiles(),
            acknowledged: acknowledged.percentiles(),
            unseen: unseen.percentiles(),
            reads: seen.reads,
        })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} readers", self.cause, self.readers)
    }
}

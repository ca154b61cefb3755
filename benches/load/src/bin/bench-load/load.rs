//! Many clients, for a while.

use std::time::{Duration, Instant};

use bench_load::{Client, Done, Fault, Pki, Server, cores, used_by, used_by_all};
use certsession_benches::{KEYS, Percentiles, Samples};
use mio::{Events, Poll, Token};

/// What the requests do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// One key of a session of six keys and 500 bytes.
    Read,
    /// One key more, which counts.
    Write,
}

impl Work {
    pub(crate) const ALL: [Self; 2] = [Self::Read, Self::Write];

    const fn target(self) -> &'static str {
        match self {
            Self::Read => "/read",
            Self::Write => "/count",
        }
    }
}

/// What a while of load came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Requests a second.
    pub(crate) rate: f64,
    /// How long they took.
    pub(crate) took: Percentiles,
    /// Microseconds of the server's processor for each request.
    pub(crate) server: f64,
    /// Likewise of Redis.
    pub(crate) redis: f64,
    /// The share of its core that the server had.
    pub(crate) server_busy: f64,
    /// The share of their core that the clients and Redis had.
    pub(crate) clients_busy: f64,
    /// The share of the machine that others had.
    pub(crate) others: f64,
}

/// So many clients, each with a session, for so long, and as long as an eighth of it before.
pub(crate) fn measure(
    server: &Server,
    redis: u32,
    pki: &Pki,
    connections: usize,
    work: Work,
    length: Duration,
) -> Result<Figures, Fault> {
    let mut load = Load::connect(server, pki, connections)?;
    load.once("/fill")?;
    load.run(work, length / 8)?;

    let processes = [server.process(), redis, std::process::id()];
    let used = || -> Result<[Duration; 4], Fault> {
        let [server, redis, own] = processes.map(used_by);
        Ok([server?, redis?, own?, used_by_all()?])
    };
    let (before, began) = (used()?, Instant::now());
    let samples = load.run(work, length)?;
    let (wall, after) = (began.elapsed().as_secs_f64(), used()?);

    let spent = |index: usize| after[index].saturating_sub(before[index]).as_secs_f64();
    let count = samples.len() as f64;
    let all_of_us = spent(0) + spent(1) + spent(2);
    Ok(Figures {
        rate: count / wall,
        took: samples.percentiles(),
        server: 1e6 * spent(0) / count,
        redis: 1e6 * spent(1) / count,
        server_busy: spent(0) / wall,
        clients_busy: (spent(1) + spent(2)) / wall,
        others: (spent(3) - all_of_us).max(0.0) / wall / f64::from(cores()),
    })
}

struct Load {
    poll: Poll,
    clients: Vec<Client>,
}

impl Load {
    fn connect(server: &Server, pki: &Pki, connections: usize) -> Result<Self, Fault> {
        let poll = Poll::new()?;
        let connect = |number| {
            let config = pki.client(number);
            Client::connect(server.address, config, poll.registry(), Token(number))
        };
        let clients = (0..connections).map(connect).collect::<Result<_, _>>()?;
        Ok(Self { poll, clients })
    }

    /// Each client sends one request.
    fn once(&mut self, target: &str) -> Result<(), Fault> {
        let mut open = self.clients.len();
        for client in &mut self.clients {
            client.send(target)?;
        }
        while open > 0 {
            self.each_answer(|_, _| {
                open -= 1;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Each client sends one request after the other.
    fn run(&mut self, work: Work, length: Duration) -> Result<Samples, Fault> {
        let mut samples = Samples::default();
        let mut open = self.clients.len();
        for client in &mut self.clients {
            client.send(work.target())?;
        }
        let began = Instant::now();
        while open > 0 {
            self.each_answer(|client, done| {
                check(work, &done)?;
                samples.add(done.took);
                if began.elapsed() < length {
                    return client.send(work.target());
                }
                open -= 1;
                Ok(())
            })?;
        }
        Ok(samples)
    }

    fn each_answer(
        &mut self,
        mut then: impl FnMut(&mut Client, Done) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let mut events = Events::with_capacity(256);
        self.poll.poll(&mut events, Some(PATIENCE))?;
        if events.is_empty() {
            return Err("no answer for ten seconds".into());
        }
        for event in &events {
            let client = &mut self.clients[event.token().0];
            if let Some(done) = client.go_on()? {
                then(client, done)?;
            }
        }
        Ok(())
    }
}

/// A contender whose sessions do not work is none.
fn check(work: Work, done: &Done) -> Result<(), Fault> {
    let is_right = match work {
        Work::Read => done.body.len() == KEYS[0].1,
        Work::Write => done.body.iter().all(u8::is_ascii_digit) && !done.body.is_empty(),
    };
    is_right
        .then_some(())
        .ok_or_else(|| format!("{:?} is no answer", String::from_utf8_lossy(&done.body)).into())
}

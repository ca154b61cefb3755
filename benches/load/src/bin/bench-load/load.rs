//! Load from many clients for some time.

use std::time::{Duration, Instant};

use bench_load::{Client, Completed, Fault, Pki, Server, used_by};
use certsession_benches::{KEYS, Percentiles, Samples};
use mio::{Events, Poll, Token};

/// The kind of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Reads one key of a session of six keys and 500 bytes.
    Read,
    /// Writes one more key, a counter.
    Write,
}

impl Workload {
    pub(crate) const ALL: [Self; 2] = [Self::Read, Self::Write];

    const fn target(self) -> &'static str {
        match self {
            Self::Read => "/read",
            Self::Write => "/count",
        }
    }
}

/// The results of all turns of one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Requests a second.
    pub(crate) rate: f64,
    /// The response times.
    pub(crate) took: Percentiles,
    /// Microseconds of the server's processor for each request.
    pub(crate) server: f64,
    /// The same for the database.
    pub(crate) database: f64,
    /// The share of its core that the server had.
    pub(crate) server_busy: f64,
    /// The share of their core that the clients and the database had.
    pub(crate) clients_busy: f64,
}

/// The results of the turns so far.
#[derive(Default)]
pub(crate) struct Tally {
    samples: Samples,
    wall: Duration,
    server: Duration,
    database: Duration,
    own: Duration,
}

impl Tally {
    pub(crate) fn figures(self) -> Figures {
        let count = self.samples.len() as f64;
        let wall = self.wall.as_secs_f64();
        let [server, database, own] =
            [self.server, self.database, self.own].map(|d| d.as_secs_f64());
        Figures {
            rate: count / wall,
            took: self.samples.percentiles(),
            server: 1e6 * server / count,
            database: 1e6 * database / count,
            server_busy: server / wall,
            clients_busy: (database + own) / wall,
        }
    }
}

/// Clients of one server, each with a session.
pub(crate) struct Load {
    poll: Poll,
    clients: Vec<Client>,
    server: u32,
    database: Vec<u32>,
}

impl Load {
    /// Connects the clients, and begins a session for each.
    pub(crate) fn connect(
        server: &Server,
        database: Vec<u32>,
        pki: &Pki,
        connections: usize,
    ) -> Result<Self, Fault> {
        let poll = Poll::new()?;
        let connect = |number| {
            let config = pki.client(number);
            Client::connect(server.address, config, poll.registry(), Token(number))
        };
        let clients = (0..connections).map(connect).collect::<Result<_, _>>()?;
        let server = server.process();
        let mut load = Self {
            poll,
            clients,
            server,
            database,
        };
        load.once("/fill")?;
        Ok(load)
    }

    /// Runs one turn, after a warm-up of an eighth of its length, which does not count: the
    /// previous server has filled the processor's caches with its own data.
    pub(crate) fn turn(
        &mut self,
        work: Workload,
        length: Duration,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        self.run(work, length / 8, &mut Samples::default())?;

        let (before, began) = (self.used()?, Instant::now());
        self.run(work, length, &mut tally.samples)?;
        tally.wall += began.elapsed();
        let after = self.used()?;
        tally.server += after[0].saturating_sub(before[0]);
        tally.database += after[1].saturating_sub(before[1]);
        tally.own += after[2].saturating_sub(before[2]);
        Ok(())
    }

    /// The processor time so far of the server, of the database, and of this process.
    fn used(&self) -> Result<[Duration; 3], Fault> {
        let each = self.database.iter().map(|process| used_by(*process));
        let database = each.sum::<Result<_, _>>()?;
        Ok([
            used_by(self.server)?,
            database,
            used_by(std::process::id())?,
        ])
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

    /// Each client sends one request after another.
    fn run(
        &mut self,
        work: Workload,
        length: Duration,
        samples: &mut Samples,
    ) -> Result<(), Fault> {
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
        Ok(())
    }

    fn each_answer(
        &mut self,
        mut then: impl FnMut(&mut Client, Completed) -> Result<(), Fault>,
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

/// Checks the result: a candidate whose sessions do not work must not be measured.
fn check(work: Workload, done: &Completed) -> Result<(), Fault> {
    let is_right = match work {
        Workload::Read => done.body.len() == KEYS[0].1,
        Workload::Write => done.body.iter().all(u8::is_ascii_digit) && !done.body.is_empty(),
    };
    is_right
        .then_some(())
        .ok_or_else(|| format!("{:?} is no answer", String::from_utf8_lossy(&done.body)).into())
}

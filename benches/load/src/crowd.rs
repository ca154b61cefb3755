//! Many connections, over which few requests go at a time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use certsession_benches::{KEYS, Samples};
use mio::{Events, Poll, Token};

use crate::{Client, Completed, Fault, Pki, Server};

/// How many requests are under way at once, however many connections there are.
pub const IN_FLIGHT: usize = 16;

/// Many connections, over which few requests go at a time: over each in turn.
#[derive(Debug)]
pub struct Crowd {
    poll: Poll,
    clients: Vec<Client>,
    /// Those that wait for their turn.
    idle: VecDeque<usize>,
}

impl Crowd {
    /// Opens so many connections, and sends one request over each that has nothing to do with
    /// sessions.
    ///
    /// # Errors
    ///
    /// If one cannot be opened, or is not answered.
    pub fn open(server: &Server, pki: &Pki, connections: usize) -> Result<Self, Fault> {
        let mut crowd = Self {
            poll: Poll::new()?,
            clients: Vec::with_capacity(connections),
            idle: VecDeque::with_capacity(connections),
        };
        while crowd.clients.len() < connections {
            // No more at a time than the server can shake hands with at once.
            let next = crowd.clients.len()..connections.min(crowd.clients.len() + IN_FLIGHT);
            let mut to_greet = next.len();
            for number in next {
                let (config, registry) = (pki.client(number), crowd.poll.registry());
                let client = Client::connect(server.address, config, registry, Token(number))?;
                crowd.clients.push(client);
                crowd.idle.push_front(number);
            }
            crowd.requests("/ready", || take_one(&mut to_greet), |_| Ok(()))?;
        }
        Ok(crowd)
    }

    /// How many connections are open.
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// Sends one request over each connection.
    ///
    /// # Errors
    ///
    /// If one is not answered.
    pub fn each(&mut self, target: &str) -> Result<(), Fault> {
        let mut left = self.clients.len();
        self.requests(target, || take_one(&mut left), |_| Ok(()))
    }

    /// Reads one key of each session in turn, for so long.
    ///
    /// # Errors
    ///
    /// If a request is not answered, or an answer is wrong.
    pub fn read(&mut self, length: Duration) -> Result<Samples, Fault> {
        let mut samples = Samples::default();
        let began = Instant::now();
        let has_time = || began.elapsed() < length;
        self.requests("/read", has_time, |done| {
            // A candidate whose sessions do not work is none.
            if done.body.len() != KEYS[0].1 {
                let body = String::from_utf8_lossy(&done.body);
                return Err(format!("{body:?} is no answer").into());
            }
            samples.add(done.took);
            Ok(())
        })?;
        Ok(samples)
    }

    /// Keeps as many requests under way as there may be, for as long as there are more.
    fn requests(
        &mut self,
        target: &str,
        mut is_one_more: impl FnMut() -> bool,
        mut then: impl FnMut(Completed) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut under_way = 0;
        loop {
            while under_way < IN_FLIGHT && !self.idle.is_empty() && is_one_more() {
                let next = self.idle.pop_front().ok_or("nobody is idle")?;
                self.clients[next].send(target)?;
                under_way += 1;
            }
            if under_way == 0 {
                return Ok(());
            }
            under_way -= self.answers(&mut then)?;
        }
    }

    /// Takes what has come, and tells how many answers that were.
    fn answers(
        &mut self,
        then: &mut impl FnMut(Completed) -> Result<(), Fault>,
    ) -> Result<usize, Fault> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let mut events = Events::with_capacity(256);
        self.poll.poll(&mut events, Some(PATIENCE))?;
        if events.is_empty() {
            return Err("no answer for ten seconds".into());
        }
        let mut count = 0;
        for event in &events {
            let number = event.token().0;
            if let Some(done) = self.clients[number].go_on()? {
                self.idle.push_back(number);
                then(done)?;
                count += 1;
            }
        }
        Ok(count)
    }
}

/// Whether there was one left.
fn take_one(left: &mut usize) -> bool {
    let is_left = *left > 0;
    *left = left.saturating_sub(1);
    is_left
}

//! Many connections with few concurrent requests.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use certsession_benches::{KEYS, Samples};
use mio::{Events, Poll, Token};

use crate::{Client, Completed, Fault, Pki, Server};

/// How many requests are in flight at a time, regardless of the number of connections.
pub const IN_FLIGHT: usize = 16;

/// Many connections with few concurrent requests, over each connection in turn.
#[derive(Debug)]
pub struct Crowd {
    poll: Poll,
    clients: Vec<Client>,
    /// The connections that wait for their turn.
    idle: VecDeque<usize>,
}

impl Crowd {
    /// Opens this many connections, and sends one request without a session over each.
    ///
    /// # Errors
    ///
    /// If one cannot be opened, or gets no response.
    pub fn open(server: &Server, pki: &Pki, connections: usize) -> Result<Self, Fault> {
        let mut crowd = Self {
            poll: Poll::new()?,
            clients: Vec::with_capacity(connections),
            idle: VecDeque::with_capacity(connections),
        };
        while crowd.clients.len() < connections {
            // Not more at a time than the server can do handshakes concurrently.
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
    /// If one gets no response.
    pub fn each(&mut self, target: &str) -> Result<(), Fault> {
        let mut remaining = self.clients.len();
        self.requests(target, || take_one(&mut remaining), |_| Ok(()))
    }

    /// Reads one key of each session in turn, for this time.
    ///
    /// # Errors
    ///
    /// If a request gets no response, or a wrong one.
    pub fn read(&mut self, length: Duration) -> Result<Samples, Fault> {
        let mut samples = Samples::default();
        let began = Instant::now();
        let has_time = || began.elapsed() < length;
        self.requests("/read", has_time, |done| {
            // A candidate whose sessions do not work must not be measured.
            if done.body.len() != KEYS[0].1 {
                let body = String::from_utf8_lossy(&done.body);
                return Err(format!("{body:?} is no answer").into());
            }
            samples.add(done.took);
            Ok(())
        })?;
        Ok(samples)
    }

    /// Keeps the maximum number of requests in flight while there are more to send.
    fn requests(
        &mut self,
        target: &str,
        mut is_one_more: impl FnMut() -> bool,
        mut then: impl FnMut(Completed) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut under_way = 0;
        loop {
            while under_way < IN_FLIGHT && !self.idle.is_empty() && is_one_more() {
                let next = self.idle.pop_front().ok_or("no client is idle")?;
                self.clients[next].send(target)?;
                under_way += 1;
            }
            if under_way == 0 {
                return Ok(());
            }
            under_way -= self.answers(&mut then)?;
        }
    }

    /// Processes the responses that have arrived, and returns their number.
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

/// Takes one of the remaining requests; returns whether there was one.
fn take_one(remaining: &mut usize) -> bool {
    let has_remaining = *remaining > 0;
    *remaining = remaining.saturating_sub(1);
    has_remaining
}

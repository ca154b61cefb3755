//! One candidate with one number of connections.

use bench_load::{Cost, Crowd, Fault, Pki, Server};
use certsession_tests::redis::RedisServer;

use crate::memory::resident;

/// How many connections do everything once before memory is measured, and stay open, so that memory
/// which the first requests need is not attributed to a connection.
pub(crate) const WARMING: usize = 16;

/// The result of a turn.
pub(crate) struct Turn {
    pub(crate) candidate: &'static str,
    pub(crate) connections: usize,
    /// Bytes of the server for each open connection that has sent one request without a session.
    pub(crate) open: f64,
    /// The same, after each has begun a session and read it.
    pub(crate) with_session: f64,
    /// The cost of reading the sessions in turn.
    pub(crate) cost: Cost,
}

impl Turn {
    pub(crate) fn take(
        candidate: &'static str,
        connections: usize,
        pki: &Pki,
        redis: &RedisServer,
    ) -> Result<Self, Fault> {
        let server = Server::start(candidate, pki.folder(), &redis.url())?;
        let mut warming = Crowd::open(&server, pki, WARMING)?;
        begin_sessions(&mut warming)?;

        let before = resident(server.process())?;
        let grown = || -> Result<f64, Fault> {
            let bytes = resident(server.process())?.saturating_sub(before);
            Ok(bytes as f64 / connections as f64)
        };
        let mut crowd = Crowd::open(&server, pki, connections)?;
        let open = grown()?;
        begin_sessions(&mut crowd)?;
        let with_session = grown()?;
        let cost = Cost::of_reading(&server, Some(redis.process_id()), &mut crowd)?;
        Ok(Self {
            candidate,
            connections,
            open,
            with_session,
            cost,
        })
    }
}

fn begin_sessions(crowd: &mut Crowd) -> Result<(), Fault> {
    crowd.each("/fill")?;
    crowd.each("/read")
}

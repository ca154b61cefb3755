//! The cause for dropping a copy: another node, or a lost connection.

use std::fmt;

use certsession_benches::{Client, Population};
use certsession_core::SessionManager;
use certsession_redis::RedisStore;
use certsession_tests::redis::{Answer, RedisServer};

use crate::Fault;
use crate::reader::has_copy;

/// The cause for dropping a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Another node ends the session.
    EndElsewhere,
    /// The server closes the connection of the reading node.
    LostConnection,
}

/// Triggers the cause, and waits until it is acknowledged.
pub(crate) struct Hand<'a> {
    cause: Cause,
    node: &'a SessionManager<RedisStore>,
    /// An operator's connection to the server.
    operator: certsession_tests::redis::Client,
}

impl Cause {
    /// Whether the reading node shows the effect: it no longer accepts the session, or, if the
    /// session continues, it has no copy of it.
    pub(crate) async fn is_seen(
        self,
        node: &SessionManager<RedisStore>,
        client: &Client,
    ) -> Result<bool, Fault> {
        match self {
            Self::EndElsewhere => {
                let session = node.open_near(client.presented(), client.peer()).await?;
                Ok(session.handle().is_none())
            }
            Self::LostConnection => Ok(!has_copy(node, client)?),
        }
    }

    /// Checks that a session that was not ended continues over a new connection.
    pub(crate) async fn check_after(
        self,
        node: &SessionManager<RedisStore>,
        client: &Client,
    ) -> Result<(), Fault> {
        if self == Self::EndElsewhere {
            return Ok(());
        }
        let session = node.open_near(client.presented(), client.peer()).await?;
        match session.handle() {
            Some(_) => Ok(()),
            None => Err("a session is lost with a connection".into()),
        }
    }
}

impl<'a> Hand<'a> {
    pub(crate) fn new(
        cause: Cause,
        redis: &RedisServer,
        population: &'a Population<RedisStore>,
    ) -> Result<Self, Fault> {
        Ok(Self {
            cause,
            node: population.manager(),
            operator: redis.connect()?,
        })
    }

    /// The number of the reading node's connection, which receives the notifications.
    pub(crate) fn connection(&mut self) -> Result<String, Fault> {
        let clients = self.operator.ask(&["CLIENT", "LIST"])?.to_string();
        let field = |line: &str, name: &str| {
            let value = line.split(' ').find_map(|field| field.strip_prefix(name));
            value.unwrap_or_default().to_owned()
        };
        // `t`: the connection has enabled tracking.
        let hearing = clients
            .lines()
            .filter(|line| field(line, "flags=").contains('t'));
        let numbers: Vec<_> = hearing.map(|line| field(line, "id=")).collect();
        match &numbers[..] {
            [number] => Ok(number.clone()),
            _ => Err(format!("{} connections receive notifications", numbers.len()).into()),
        }
    }

    /// Ends the session, or the connection with this number.
    pub(crate) async fn act(&mut self, client: &Client, connection: &str) -> Result<(), Fault> {
        match self.cause {
            Cause::EndElsewhere => match self.node.revoke(client.handle()?).await? {
                true => Ok(()),
                false => Err("the session has ended before".into()),
            },
            Cause::LostConnection => {
                let command = ["CLIENT", "KILL", "ID", connection];
                match self.operator.ask(&command)? {
                    Answer::Integer(1) => Ok(()),
                    answer => Err(format!("CLIENT KILL: {answer}").into()),
                }
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EndElsewhere => "ended on another node",
            Self::LostConnection => "connection lost",
        })
    }
}

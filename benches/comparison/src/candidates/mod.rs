//! The application, once for each framework.
//!
//! Every framework is used as its own documentation says, and in the safest way that it offers: the
//! cookies of the others are encrypted with a key of the server, sessions are renewed at sign-in,
//! and so on.

mod actix;
mod actix_session;
mod certsession;
mod tower;

use std::error::Error;
use std::rc::Rc;

use certsession_tests::redis::{Answer, Client, RedisServer};

use crate::candidate::Candidate;

/// A framework with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ActixSessionCookie,
    ActixSessionRedis,
    TowerSessionsMemory,
    TowerSessionsRedis,
    CertsessionMemory,
    CertsessionRedis,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [
        Self::ActixSessionCookie,
        Self::ActixSessionRedis,
        Self::TowerSessionsMemory,
        Self::TowerSessionsRedis,
        Self::CertsessionMemory,
        Self::CertsessionRedis,
    ];

    /// Its name in the table.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::ActixSessionCookie => "actix-session, cookie",
            Self::ActixSessionRedis => "actix-session, Redis",
            Self::TowerSessionsMemory => "tower-sessions, memory",
            Self::TowerSessionsRedis => "tower-sessions, Redis",
            Self::CertsessionMemory => "certsession, memory",
            Self::CertsessionRedis => "certsession, Redis",
        }
    }

    /// Whether it is this project.
    pub(crate) const fn is_ours(self) -> bool {
        matches!(self, Self::CertsessionMemory | Self::CertsessionRedis)
    }

    /// Starts the application, without sessions. If it keeps sessions in Redis, it has a server of
    /// its own.
    pub(crate) async fn start(
        self,
        redis: &RedisServer,
    ) -> Result<Rc<dyn Candidate>, Box<dyn Error>> {
        Ok(match self {
            Self::ActixSessionCookie => actix_session::with_cookie().await,
            Self::ActixSessionRedis => actix_session::with_redis(redis).await?,
            Self::TowerSessionsMemory => tower::with_memory(),
            Self::TowerSessionsRedis => tower::with_redis(redis).await?,
            Self::CertsessionMemory => certsession::with_memory().await?,
            Self::CertsessionRedis => certsession::with_redis(redis).await?,
        })
    }
}

/// The names of all keys of a server: everything in a dump that could be an id.
fn redis_keys(client: &mut Client) -> Vec<String> {
    let keys = client.ask(&["KEYS", "*"]).map(Answer::into_list);
    let keys = keys.unwrap_or_default().into_iter();
    keys.map(|key| key.to_string()).collect()
}

//! The application, once for each framework.
//!
//! Every framework is used as its own documentation says, and in the safest way that it offers: the
//! cookies of the others are encrypted with a key of the server, sessions are renewed at sign-in,
//! and so on.

mod actix;
mod actix_session;
mod axum;
mod axum_login;
mod certsession;
mod certsession_axum;
mod firestore;
mod tower;

use std::error::Error;
use std::rc::Rc;

use certsession_tests::redis::{Answer, Client, RedisServer};

use crate::candidate::{Candidate, Timeouts};

/// A framework with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ActixSessionCookie,
    ActixSessionRedis,
    TowerSessionsMemory,
    TowerSessionsRedis,
    TowerSessionsFirestore,
    AxumLogin,
    CertsessionMemory,
    CertsessionRedis,
    CertsessionAxumMemory,
    CertsessionAxumFirestore,
}

impl Kind {
    pub(crate) const ALL: [Self; 10] = [
        Self::ActixSessionCookie,
        Self::ActixSessionRedis,
        Self::TowerSessionsMemory,
        Self::TowerSessionsRedis,
        Self::TowerSessionsFirestore,
        Self::AxumLogin,
        Self::CertsessionMemory,
        Self::CertsessionRedis,
        Self::CertsessionAxumMemory,
        Self::CertsessionAxumFirestore,
    ];

    /// Its name in the table.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::ActixSessionCookie => "actix-session, cookie",
            Self::ActixSessionRedis => "actix-session, Redis",
            Self::TowerSessionsMemory => "tower-sessions, memory",
            Self::TowerSessionsRedis => "tower-sessions, Redis",
            Self::TowerSessionsFirestore => "tower-sessions, Firestore",
            Self::AxumLogin => "axum-login, memory",
            Self::CertsessionMemory => "certsession on actix, memory",
            Self::CertsessionRedis => "certsession on actix, Redis",
            Self::CertsessionAxumMemory => "certsession on axum, memory",
            Self::CertsessionAxumFirestore => "certsession on axum, Firestore",
        }
    }

    /// Whether it is this project.
    pub(crate) const fn is_ours(self) -> bool {
        matches!(
            self,
            Self::CertsessionMemory
                | Self::CertsessionRedis
                | Self::CertsessionAxumMemory
                | Self::CertsessionAxumFirestore
        )
    }

    /// Starts the application, without sessions. If it keeps sessions in Redis, it has a server of
    /// its own.
    pub(crate) async fn start(
        self,
        redis: &RedisServer,
        timeouts: Timeouts,
    ) -> Result<Rc<dyn Candidate>, Box<dyn Error>> {
        Ok(match self {
            Self::ActixSessionCookie => actix_session::with_cookie(timeouts).await,
            Self::ActixSessionRedis => actix_session::with_redis(redis, timeouts).await?,
            Self::TowerSessionsMemory => tower::with_memory(timeouts),
            Self::TowerSessionsRedis => tower::with_redis(redis, timeouts).await?,
            Self::TowerSessionsFirestore => tower::with_firestore(timeouts).await?,
            Self::AxumLogin => axum_login::with_memory(timeouts),
            Self::CertsessionMemory => certsession::with_memory(timeouts).await?,
            Self::CertsessionRedis => certsession::with_redis(redis, timeouts).await?,
            Self::CertsessionAxumMemory => certsession_axum::with_memory(timeouts)?,
            Self::CertsessionAxumFirestore => certsession_axum::with_firestore(timeouts).await?,
        })
    }
}

/// The names of all keys of a server: everything in a dump that could be an id.
fn redis_keys(client: &mut Client) -> Vec<String> {
    let keys = client.ask(&["KEYS", "*"]).map(Answer::into_list);
    let keys = keys.unwrap_or_default().into_iter();
    keys.map(|key| key.to_string()).collect()
}

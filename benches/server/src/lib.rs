//! The candidates of the benchmarks: the same application on each framework.
//!
//! Every candidate has the same four routes: `/fill` begins a session with six keys, `/read`
//! returns the value of one, `/count` increments another, and `/ready` uses no session.
//!
//! | file | purpose |
//! |---|---|
//! | `candidate` | their names |
//! | `host` | the host of an application: behind mutual TLS, or in this process |
//! | `tls` | the server's certificate, from a folder |
//! | `bare` | actix-web without sessions |
//! | `actix_session` | actix-session |
//! | `certsession` | this project on actix-web |
//! | `certsession_axum` | this project on axum |
//! | `baseline/` | a hand-written middleware that does only what is necessary |
//! | `on_axum` | axum, and tower-sessions on it |

#[cfg(feature = "comparison")]
mod actix_session;
mod bare;
mod baseline;
mod candidate;
mod certsession;
#[cfg(feature = "comparison")]
mod certsession_axum;
mod host;
#[cfg(feature = "comparison")]
mod on_axum;
mod tls;

pub use candidate::Candidate;
pub use host::{Application, Fault, Host, Setup};
pub use tls::Tls;

/// Runs a candidate: while its server runs, or until its application has been built.
///
/// # Errors
///
/// If it cannot be set up, for example because it needs Redis, or is not part of this build.
pub async fn serve(candidate: Candidate, setup: Setup<'_>) -> Result<(), Fault> {
    match candidate {
        Candidate::Bare => bare::serve(setup).await,
        Candidate::BaselineMemory => baseline::memory::serve(setup).await,
        Candidate::BaselineRedis
        | Candidate::BaselineRedisShared
        | Candidate::BaselineRedisManager => baseline::redis::serve(candidate, setup).await,
        Candidate::CertsessionMemory
        | Candidate::CertsessionRedis
        | Candidate::CertsessionRedisNear
        | Candidate::CertsessionRedisPool
        | Candidate::CertsessionValkey
        | Candidate::CertsessionValkeyScript
        | Candidate::CertsessionCluster => certsession::serve(candidate, setup).await,
        #[cfg(feature = "comparison")]
        Candidate::ActixSessionCookie
        | Candidate::ActixSessionRedis
        | Candidate::ActixSessionRedisSliding
        | Candidate::ActixSessionRedisPool
        | Candidate::ActixSessionValkey => actix_session::serve(candidate, setup).await,
        #[cfg(feature = "comparison")]
        Candidate::CertsessionAxumMemory
        | Candidate::CertsessionAxumRedis
        | Candidate::CertsessionAxumFirestore => certsession_axum::serve(candidate, setup).await,
        #[cfg(feature = "comparison")]
        Candidate::Axum | Candidate::TowerSessionsMemory | Candidate::TowerSessionsRedis => {
            on_axum::serve(candidate, setup).await
        }
        #[cfg(not(feature = "comparison"))]
        _ => Err(
            "the other frameworks are left out of this build: their feature is `comparison`".into(),
        ),
    }
}

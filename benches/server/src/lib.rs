//! The contenders of the benchmarks: the same application on each framework.
//!
//! Every contender has the same four routes: `/fill` begins a session with six keys, `/read`
//! answers the value of one, `/count` counts up another, and `/ready` has nothing to do with
//! sessions.
//!
//! | file | purpose |
//! |---|---|
//! | `contender` | their names |
//! | `host` | where an application runs: behind mutual TLS, or in this process alone |
//! | `tls` | the server's certificate, from a folder |
//! | `bare` | actix-web without sessions |
//! | `actix_session` | actix-session |
//! | `certsession` | this project |
//! | `floor/` | no more than one must do |
//! | `on_axum` | axum, and tower-sessions on it |

#[cfg(feature = "incumbents")]
mod actix_session;
mod bare;
mod certsession;
mod contender;
mod floor;
mod host;
#[cfg(feature = "incumbents")]
mod on_axum;
mod tls;

pub use contender::Contender;
pub use host::{Application, Fault, Host, Setup};
pub use tls::Tls;

/// Runs a contender: for as long as its server runs, or until its application has been put
/// together.
///
/// # Errors
///
/// If it cannot be set up, for example because it needs a Redis, or is not part of this build.
pub async fn serve(contender: Contender, setup: Setup<'_>) -> Result<(), Fault> {
    match contender {
        Contender::Bare => bare::serve(setup).await,
        Contender::FloorMemory => floor::memory::serve(setup).await,
        Contender::FloorRedis | Contender::FloorRedisShared | Contender::FloorRedisManager => {
            floor::redis::serve(contender, setup).await
        }
        Contender::CertsessionMemory
        | Contender::CertsessionRedis
        | Contender::CertsessionRedisNear
        | Contender::CertsessionRedisPool => certsession::serve(contender, setup).await,
        #[cfg(feature = "incumbents")]
        Contender::ActixSessionCookie
        | Contender::ActixSessionRedis
        | Contender::ActixSessionRedisSliding
        | Contender::ActixSessionRedisPool => actix_session::serve(contender, setup).await,
        #[cfg(feature = "incumbents")]
        Contender::Axum | Contender::TowerSessionsMemory | Contender::TowerSessionsRedis => {
            on_axum::serve(contender, setup).await
        }
        #[cfg(not(feature = "incumbents"))]
        _ => Err(
            "the other frameworks are left out of this build: their feature is `incumbents`".into(),
        ),
    }
}

//! The portal's interface.

mod account;
mod data;
mod describe;
mod lab;
mod live;
mod sessions;

use actix_web::web::{PayloadConfig, ServiceConfig, delete, get, post, put, resource};

use crate::page;
pub(crate) use describe::Listed;

/// The maximum size of a request's body.
const MAX_BODY: usize = 2 << 20;

/// Adds all routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .app_data(PayloadConfig::new(MAX_BODY))
        .route("/", get().to(page::show))
        .route("/session", get().to(describe::session))
        .service(
            resource("/session/data/{key}")
                .route(get().to(data::read))
                .route(put().to(data::write))
                .route(delete().to(data::remove)),
        )
        .route("/sign-in", post().to(account::sign_in))
        .route("/sign-out", post().to(account::sign_out))
        .route("/rotate", post().to(account::rotate))
        .route("/me", get().to(account::me))
        .service(
            resource("/sessions")
                .route(get().to(sessions::list))
                .route(delete().to(sessions::revoke_all)),
        )
        .route("/sessions/{handle}", delete().to(sessions::revoke))
        .route("/live", get().to(live::follow));
}

/// Puts the routes in place that only tests need: `--lab`.
pub fn lab_routes(config: &mut ServiceConfig) {
    config
        .route("/slow", get().to(lab::slow))
        .route("/slow/waiting", get().to(lab::waiting))
        .route("/slow/release", post().to(lab::release))
        .route("/sign-out-fail", post().to(lab::sign_out_fail));
}

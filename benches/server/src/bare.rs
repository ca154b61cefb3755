//! actix-web without sessions.

use actix_web::{App, web};

use crate::host::run;
use crate::{Fault, Setup};

pub(crate) async fn serve(setup: Setup<'_>) -> Result<(), Fault> {
    let application = || {
        App::new()
            .route("/ready", web::get().to(ready))
            .route("/fill", web::get().to(ready))
            .route("/read", web::get().to(read))
            .route("/count", web::get().to(count))
    };
    run!(setup, application)
}

async fn ready() -> &'static str {
    "ready"
}

/// A text of the same length as the value that the others read.
async fn read() -> String {
    "x".repeat(certsession_benches::KEYS[0].1)
}

async fn count() -> String {
    1_000_u64.to_string()
}

//! The baseline: a hand-written middleware that does only what is necessary: a cookie, the SHA-256
//! of its secret, one lookup, a comparison of 32 bytes, and decoding one value. It does not check
//! certificates.
//!
//! | file | purpose |
//! |---|---|
//! | `middleware` | opens the session before the handler, saves it after |
//! | `record` | the stored data of a session |
//! | `memory` | 64 maps, each with a lock |
//! | `redis` | one GET for a read, one SET for a write |

pub(crate) mod memory;
mod middleware;
mod record;
pub(crate) mod redis;

use std::rc::Rc;
use std::sync::Arc;

use actix_web::Error;
use actix_web::web::{self, ReqData};
use certsession_benches::{KEYS, contents};

use crate::Fault;
use middleware::Session;
use record::{Handle, Record};

/// The store of the baseline's sessions.
trait Store: 'static {
    async fn load(&self, handle: &Handle) -> Result<Option<Arc<Record>>, Fault>;
    async fn save(&self, handle: Handle, record: Record) -> Result<(), Fault>;
}

fn routes(application: &mut web::ServiceConfig) {
    application
        .route("/ready", web::get().to(async || "ready"))
        .route("/fill", web::get().to(fill))
        .route("/read", web::get().to(read))
        .route("/count", web::get().to(count));
}

async fn fill(session: ReqData<Rc<Session>>) -> Result<&'static str, Error> {
    for (key, value) in contents() {
        session.insert(key, serde_json::to_string(&value)?);
    }
    Ok("filled")
}

async fn read(session: ReqData<Rc<Session>>) -> Result<String, Error> {
    let json = session.get(KEYS[0].0);
    let value = json.map(serde_json::from_str).transpose()?;
    Ok(value.unwrap_or_default())
}

async fn count(session: ReqData<Rc<Session>>) -> Result<String, Error> {
    let json = session.get("count");
    let count: Option<u64> = json.map(serde_json::from_str).transpose()?;
    let count = (count.unwrap_or_default() + 1).to_string();
    session.insert("count", count.clone());
    Ok(count)
}

//! Sessions of actix-session, as its middleware saves them.

use std::collections::HashMap;

use actix_session::storage::{RedisSessionStore, SessionStore};
use actix_web::cookie::time::Duration;
use certsession_benches::contents;

use crate::Fault;
use crate::plan::{Plan, principal};

pub(crate) async fn fill(url: &str, plan: Plan, sessions: usize) -> Result<(), Fault> {
    let store = RedisSessionStore::new(url).await?;
    for number in 0..sessions {
        let mut state = HashMap::new();
        if plan.signed_in {
            let user = serde_json::to_string(&principal(number))?;
            state.insert("user".to_owned(), user);
        }
        if plan.with_data {
            for (key, value) in contents() {
                state.insert(key.to_owned(), serde_json::to_string(&value)?);
            }
        }
        store.save(state, &Duration::minutes(30)).await?;
    }
    Ok(())
}

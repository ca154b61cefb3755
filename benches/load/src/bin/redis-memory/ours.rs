//! Sessions of this project, through its public API.

use certsession_benches::{Clients, commit, contents};
use certsession_core::{Key, Presented, SessionManager};
use certsession_redis::RedisStore;

use crate::Fault;
use crate::plan::{Plan, principal};

pub(crate) async fn fill(url: &str, plan: Plan, sessions: usize) -> Result<(), Fault> {
    let manager = SessionManager::new(RedisStore::connect(url).await?);
    let clients = Clients::new(false)?;
    for number in 0..sessions {
        let peer = clients.peer(number)?;
        let mut session = manager.open(Presented::None, &peer).await?;
        if plan.signed_in {
            session.sign_in(principal(number))?;
        }
        if plan.with_data {
            for (key, value) in contents() {
                session.insert(&Key::<String>::named(key), &value)?;
            }
        }
        if plan.signed_in || plan.with_data {
            commit(&manager, &mut session).await?;
            continue;
        }
        // Only a value or a sign-in begins a session.
        session.insert(&Key::<String>::new("key"), "value")?;
        commit(&manager, &mut session).await?;
        session.clear()?;
        commit(&manager, &mut session).await?;
    }
    Ok(())
}

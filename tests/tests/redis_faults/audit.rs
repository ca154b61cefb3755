//! The final check of all sessions.

use std::sync::Arc;

use certsession_core::{Clock, Handle, Presented, Record, SessionStore, StoreError, SystemClock};
use futures_util::stream::{self, StreamExt};

use crate::ledger::{Account, DeadToken, Lost};
use crate::load::Remains;

/// How many sessions are checked concurrently.
const AT_ONCE: usize = 64;

/// Checks all sessions that must exist, and all that must not. The server is up.
pub(crate) async fn audit<S: SessionStore>(remains: &mut Remains<S>) {
    let held = std::mem::take(&mut remains.held);
    let held = held.into_iter().filter(|held| !held.is_ending);
    let stranded = std::mem::take(&mut remains.stranded);
    let mut accounts: Vec<_> = held.map(|held| held.account).chain(stranded).collect();
    let remains = &*remains;

    let all = stream::iter(&mut accounts);
    all.for_each_concurrent(AT_ONCE, |account| remains.expect(account))
        .await;
    let dead = remains.ledger.pages().dead.clone();
    let all = stream::iter(dead);
    all.for_each_concurrent(AT_ONCE, |token| remains.expect_dead(token))
        .await;
}

impl<S: SessionStore> Remains<S> {
    async fn expect(&self, account: &mut Account) {
        match self.load(account.handle).await.unwrap() {
            None => self.ledger.lose(Lost::Session, account.token_since),
            Some(record) => account.compare(&self.ledger, |key| {
                let json = record.data().get(key)?;
                std::str::from_utf8(json).unwrap().parse().ok()
            }),
        }
    }

    async fn expect_dead(&self, token: DeadToken) {
        let presented = Presented::One(token.token.as_bytes());
        let peer = &self.peers[token.client % self.peers.len()];
        let session = self.sessions.open(presented, peer).await.unwrap();
        let is_there = token.is_ended && self.load(token.handle).await.unwrap().is_some();
        if session.handle().is_some() || is_there {
            self.ledger.revive(&token);
        }
    }

    async fn load(&self, handle: Handle) -> Result<Option<Arc<Record>>, StoreError> {
        self.sessions.store().load(handle, SystemClock.now()).await
    }
}

//! Listing everyone's sessions.

use std::collections::BTreeSet;

use certsession_core::{
    Cursor, Handle, Page, SessionPage, SessionSummary, StoreError, StoreErrorKind, Timestamp,
};
use futures_util::stream::{self, StreamExt};
use redis::Value;

use crate::call::Call;
use crate::connection::Node;
use crate::error::unexpected_result;
use crate::redis_store::RedisStore;

/// How many sessions are read concurrently.
const AT_ONCE: usize = 32;

/// How often one call looks for more sessions: among very many keys of others it returns fewer than
/// it was asked for, and does not occupy the server.
const LOOKS: usize = 64;

/// How far a list has come: through the keys of a node, in the order of the nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    node: [u8; Node::ID_LENGTH],
    /// The cursor of `SCAN`.
    scan: u64,
    /// Whether all of the node's keys were seen.
    is_done: bool,
}

impl RedisStore {
    /// A page of everyone's sessions, by `SCAN`: what is there from the first page to the last is on
    /// a page, and may be on two. On a cluster, a session whose slot moves to another node meanwhile
    /// may be missed.
    pub(super) async fn list_all(
        &self,
        page: &Page,
        now: Timestamp,
    ) -> Result<SessionPage, StoreError> {
        let mut progress = match page.cursor().map(Progress::read) {
            // It is not one of this store's.
            Some(None) => return Ok(SessionPage::default()),
            Some(Some(progress)) => progress,
            None => Progress::default(),
        };
        let nodes = self.connections.nodes().await?;
        let (mut sessions, mut unreadable) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for _ in 0..LOOKS {
            let Some(node) = nodes.iter().copied().find(|node| progress.is_at(*node)) else {
                return Ok(SessionPage::new(sessions, None).with_unreadable(unreadable));
            };
            if node.id != progress.node {
                progress = Progress::at(node);
            }
            let room = page.limit() - sessions.len();
            let handles = self.scan(node, &mut progress, room).await?;
            let handles = handles.into_iter().filter(|handle| seen.insert(*handle));
            let reading = handles.map(async |handle| (handle, self.summary(handle).await));
            let read: Vec<_> = stream::iter(reading).buffered(AT_ONCE).collect().await;
            for (handle, summary) in read {
                let is_live = |session: &SessionSummary| !session.is_expired(now);
                match summary {
                    Ok(summary) => sessions.extend(summary.filter(is_live)),
                    Err(error) if error.kind() == StoreErrorKind::Unreadable => {
                        unreadable.push(handle);
                    }
                    Err(error) => return Err(error),
                }
            }
            if sessions.len() >= page.limit() {
                break;
            }
        }
        let is_last = !nodes.iter().any(|node| progress.is_at(*node));
        let next = progress.to_cursor().filter(|_| !is_last);
        Ok(SessionPage::new(sessions, next).with_unreadable(unreadable))
    }

    /// One step of `SCAN` at a node: the handles that it found.
    async fn scan(
        &self,
        node: Node,
        progress: &mut Progress,
        count: usize,
    ) -> Result<Vec<Handle>, StoreError> {
        let call = Call::plain("SCAN")
            .arg(progress.scan)
            .arg("MATCH")
            .arg(self.keys.sessions())
            .arg("COUNT")
            .arg(count);
        let reply = self.connections.call_at(node, &call).await?;
        let Some((next, keys)) = read_step(reply) else {
            return Err(unexpected_result("listing keys"));
        };
        progress.scan = next;
        progress.is_done = next == 0;
        Ok(keys
            .iter()
            .filter_map(|key| self.keys.handle(key))
            .collect())
    }
}

impl Progress {
    const LENGTH: usize = Node::ID_LENGTH + 8 + 1;

    const fn at(node: Node) -> Self {
        Self {
            node: node.id,
            scan: 0,
            is_done: false,
        }
    }

    /// Whether the node still has keys to be listed.
    fn is_at(self, node: Node) -> bool {
        node.id > self.node || (node.id == self.node && !self.is_done)
    }

    fn to_cursor(self) -> Option<Cursor> {
        let mut bytes = [0; Self::LENGTH];
        bytes[..Node::ID_LENGTH].copy_from_slice(&self.node);
        bytes[Node::ID_LENGTH..][..8].copy_from_slice(&self.scan.to_be_bytes());
        bytes[Self::LENGTH - 1] = u8::from(self.is_done);
        Cursor::new(&bytes)
    }

    fn read(cursor: &Cursor) -> Option<Self> {
        let (node, rest) = cursor.as_bytes().split_first_chunk()?;
        let (scan, rest) = rest.split_first_chunk()?;
        let &[is_done] = rest else {
            return None;
        };
        Some(Self {
            node: *node,
            scan: u64::from_be_bytes(*scan),
            is_done: is_done != 0,
        })
    }
}

/// The next cursor of `SCAN`, and the keys.
fn read_step(reply: Value) -> Option<(u64, Vec<Vec<u8>>)> {
    let Value::Array(parts) = reply else {
        return None;
    };
    let [Value::BulkString(next), Value::Array(keys)] = <[Value; 2]>::try_from(parts).ok()? else {
        return None;
    };
    let next = std::str::from_utf8(&next).ok()?.parse().ok()?;
    let keys = keys.into_iter().map(|key| match key {
        Value::BulkString(key) => Some(key),
        _ => None,
    });
    Some((next, keys.collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_others_do_not() {
        let progress = Progress {
            node: [7; Node::ID_LENGTH],
            scan: u64::MAX - 1,
            is_done: true,
        };
        assert_eq!(
            Progress::read(&progress.to_cursor().unwrap()),
            Some(progress)
        );
        for length in [0, 16, 28, 30, 32] {
            assert_eq!(
                Progress::read(&Cursor::new(&vec![0; length]).unwrap()),
                None
            );
        }
    }
}

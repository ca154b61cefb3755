//! The node of a cluster that has a key, and how its slot is moved.

use std::time::Duration;

use super::client::{Answer, Client};
use super::cluster::{RedisCluster, node_id};
use super::server::RedisServer;
use super::wait_for;

/// How long a replica may take to replace its master: two seconds until the failure is detected,
/// and then a vote.
const FAILOVER_LIMIT: Duration = Duration::from_secs(20);

impl RedisCluster {
    /// The slot of a key.
    pub fn slot_of(&self, key: &str) -> u16 {
        let node = self.up().next().expect("a node is up");
        node.cli(&["CLUSTER", "KEYSLOT", key]).parse().unwrap()
    }

    /// The master of a key's slot.
    ///
    /// # Panics
    ///
    /// If no running node knows one.
    pub fn master_of(&self, key: &str) -> &RedisServer {
        let slot = self.slot_of(key);
        let masters = self.up().find_map(|node| self.owner(node, slot));
        masters.expect("a master has the slot")
    }

    /// Kills the master that has a key, and returns it, for a restart.
    pub fn kill_master_of(&self, key: &str) -> &RedisServer {
        let master = self.master_of(key);
        master.kill();
        master
    }

    /// Waits until every running node sees a running master for a key, and returns how long that
    /// took.
    ///
    /// # Panics
    ///
    /// If there is none in time.
    pub fn wait_for_new_master_of(&self, key: &str) -> Duration {
        let slot = self.slot_of(key);
        let (_, took) = wait_for("new master", FAILOVER_LIMIT, || {
            let sees_one = |node| {
                let state = ask(node, &["CLUSTER", "INFO"]).to_string();
                let owner = self.owner(node, slot);
                state.contains("cluster_state:ok") && owner.is_some_and(RedisServer::is_up)
            };
            self.up().all(sees_one).then_some(())
        });
        took
    }

    /// Moves the slot of a key to the next master, with all its keys, while the cluster is in use;
    /// returns the new master.
    ///
    /// # Panics
    ///
    /// If a node refuses.
    pub fn migrate_slot_of(&self, key: &str) -> &RedisServer {
        let from = self.master_of(key);
        let masters: Vec<_> = self.up().filter(|node| is_master(node)).collect();
        let place = masters.iter().position(|node| node.port() == from.port());
        let to = masters[(place.unwrap() + 1) % masters.len()];
        self.migrate_slot(self.slot_of(key), from, to);
        to
    }

    fn migrate_slot(&self, slot: u16, from: &RedisServer, to: &RedisServer) {
        let slot = &slot.to_string();
        let (from_id, to_id) = (&node_id(from), &node_id(to));
        to.cli(&["CLUSTER", "SETSLOT", slot, "IMPORTING", from_id]);
        from.cli(&["CLUSTER", "SETSLOT", slot, "MIGRATING", to_id]);
        let mut client = from.connect().unwrap();
        while move_some(&mut client, slot, to) {}
        // Inform the new owner first, and then all others.
        let others = self.up().filter(|node| node.port() != to.port());
        for node in std::iter::once(to).chain(others.filter(|node| is_master(node))) {
            node.cli(&["CLUSTER", "SETSLOT", slot, "NODE", to_id]);
        }
    }

    /// The owner of a slot, as this node sees it.
    fn owner(&self, node: &RedisServer, slot: u16) -> Option<&RedisServer> {
        let ranges = ask(node, &["CLUSTER", "SLOTS"]).into_list();
        let port = ranges.into_iter().find_map(|range| {
            // First slot, last slot, and the nodes of the range, each of which is a list.
            let range = range.into_list();
            let (first, last) = (integer(&range[0]), integer(&range[1]));
            let master = range[2].clone().into_list();
            (first..=last).contains(&slot).then(|| integer(&master[1]))
        })?;
        let mut nodes = self.nodes().iter();
        nodes.find(|node| node.port() == Some(port))
    }
}

/// Moves some keys of the slot; returns false if there are none left.
fn move_some(client: &mut Client, slot: &str, to: &RedisServer) -> bool {
    let keys = client.ask(&["CLUSTER", "GETKEYSINSLOT", slot, "10"]);
    let keys: Vec<_> = keys
        .unwrap()
        .into_list()
        .into_iter()
        .map(Answer::into_bytes)
        .collect();
    if keys.is_empty() {
        return false;
    }
    let port = to.port().unwrap().to_string();
    let mut command = ["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"]
        .map(|word| word.as_bytes().to_vec())
        .to_vec();
    command.extend(keys);
    let answer = client.ask(&command).unwrap();
    assert!(!matches!(answer, Answer::Refused(_)), "{answer}");
    true
}

/// The reply of a node that may be going down.
fn ask(node: &RedisServer, command: &[&str]) -> Answer {
    node.ask(command).unwrap_or(Answer::Nil)
}

fn is_master(node: &RedisServer) -> bool {
    node.find_info("role").as_deref() == Some("master")
}

fn integer(answer: &Answer) -> u16 {
    match answer {
        Answer::Integer(number) => u16::try_from(*number).unwrap(),
        other => panic!("no number: {other}"),
    }
}

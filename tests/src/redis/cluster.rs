//! A cluster: three masters, each with a replica.

use std::thread;
use std::time::Duration;

use super::builder::RedisBuilder;
use super::server::RedisServer;
use super::wait_for;

const MASTERS: usize = 3;
const SLOTS: usize = 16_384;
/// How long the nodes may take to agree, on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// A cluster of six nodes. A master that does not respond for four seconds is replaced by its
/// replica.
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts nodes of Redis, without persistence.
    pub fn start() -> Self {
        Self::start_as(RedisServer::builder())
    }

    /// Starts nodes with this configuration.
    ///
    /// # Panics
    ///
    /// If they do not start, or do not agree.
    pub fn start_as(builder: RedisBuilder) -> Self {
        let starting: Vec<_> = (0..2 * MASTERS)
            .map(|_| builder.clone().cluster())
            .map(|node| thread::spawn(|| node.start()))
            .collect();
        let nodes = starting.into_iter().map(|node| node.join().unwrap());
        let cluster = Self {
            nodes: nodes.collect(),
        };
        cluster.introduce();
        cluster.assign_slots();
        cluster.assign_replicas();
        cluster.wait_until_ready();
        cluster
    }

    /// The nodes: the three initial masters, and their replicas.
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// The nodes' URLs.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(RedisServer::url).collect()
    }

    /// Waits until every running node reports that the cluster serves every slot, and every replica
    /// has the data of its master.
    ///
    /// # Panics
    ///
    /// If that does not happen in time.
    pub fn wait_until_ready(&self) {
        wait_for("cluster that is ready", LIMIT, || {
            self.up().all(is_ready).then_some(())
        });
    }

    pub(super) fn up(&self) -> impl Iterator<Item = &RedisServer> {
        self.nodes.iter().filter(|node| node.is_up())
    }

    /// Introduces each node to each other one.
    fn introduce(&self) {
        for (epoch, node) in (1..).zip(&self.nodes) {
            // Nodes with the same epoch would first have to resolve the conflict.
            node.cli(&["CLUSTER", "SET-CONFIG-EPOCH", &format!("{epoch}")]);
        }
        let port = |port: Option<u16>| port.unwrap().to_string();
        for node in &self.nodes[1..] {
            let (port, bus) = (port(node.port()), port(node.bus_port()));
            self.nodes[0].cli(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
        wait_for("nodes that know each other", LIMIT, || {
            let knows_all = |node: &RedisServer| {
                let known = node.cli(&["CLUSTER", "NODES"]);
                known.lines().count() == self.nodes.len() && !known.contains("handshake")
            };
            self.nodes.iter().all(knows_all).then_some(())
        });
    }

    fn assign_slots(&self) {
        for (n, master) in self.nodes[..MASTERS].iter().enumerate() {
            let first = (SLOTS * n / MASTERS).to_string();
            let last = (SLOTS * (n + 1) / MASTERS - 1).to_string();
            master.cli(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
        }
    }

    fn assign_replicas(&self) {
        let (masters, replicas) = self.nodes.split_at(MASTERS);
        for (master, replica) in masters.iter().zip(replicas) {
            replica.cli(&["CLUSTER", "REPLICATE", &node_id(master)]);
        }
    }
}

/// The name under which the other nodes know it.
pub(super) fn node_id(node: &RedisServer) -> String {
    node.cli(&["CLUSTER", "MYID"])
}

fn is_ready(node: &RedisServer) -> bool {
    let cluster = node.cli(&["CLUSTER", "INFO"]);
    let is_linked = node
        .find_info("master_link_status")
        .is_none_or(|status| status == "up");
    cluster.contains("cluster_state:ok")
        && cluster.contains(&format!("cluster_slots_ok:{SLOTS}"))
        && cluster.contains(&format!("cluster_size:{MASTERS}"))
        && is_linked
}

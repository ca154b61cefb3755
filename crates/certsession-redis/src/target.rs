//! The servers that a URL names.

use redis::{ConnectionInfo, IntoConnectionInfo};

use crate::error::ConnectError;

/// The servers that a URL names.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) topology: Topology,
    /// The servers' addresses, without a password, for errors.
    pub(crate) address: String,
}

#[derive(Debug)]
pub(crate) enum Topology {
    One(ConnectionInfo),
    /// Some nodes of a cluster, which know the others.
    Cluster(Vec<ConnectionInfo>),
    Sentinel {
        /// The addresses of the sentinels. The user, the password and the database in the URL are
        /// for the master.
        sentinels: Vec<ConnectionInfo>,
        /// The name of the master in the sentinels' configuration.
        master: String,
    },
}

impl Target {
    /// Parses a URL: `redis://`, `rediss://` and `redis+unix://` name a single server; with
    /// `-cluster` or `-sentinel` in the scheme there may be several servers, separated by commas.
    pub(crate) fn parse(url: &str) -> Result<Self, ConnectError> {
        let invalid = |reason: String| ConnectError::InvalidUrl {
            url: without_password(url),
            reason,
        };
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| invalid("it has no scheme".to_owned()))?;
        let one = |url: &str| {
            url.into_connection_info()
                .map_err(|e| invalid(e.to_string()))
        };
        let (scheme, kind) = match scheme.split_once('-') {
            Some((scheme, kind)) => (scheme, kind),
            None => {
                let server = one(url)?;
                return Ok(Self {
                    address: server.addr().to_string(),
                    topology: Topology::One(server),
                });
            }
        };
        let (user, rest) = rest
            .rsplit_once('@')
            .map_or(("", rest), |(user, rest)| (user, rest));
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (master, database) = match kind {
            "sentinel" => path.split_once('/').unwrap_or((path, "")),
            _ => ("", path),
        };
        let nodes = hosts.split(',').map(|host| match user {
            "" => one(&format!("{scheme}://{host}/{database}")),
            user => one(&format!("{scheme}://{user}@{host}/{database}")),
        });
        let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
        let topology = match kind {
            "cluster" => Topology::Cluster(nodes),
            "sentinel" if master.is_empty() => {
                return Err(invalid(
                    "the master's name is missing after the last port".to_owned(),
                ));
            }
            "sentinel" => Topology::Sentinel {
                sentinels: nodes,
                master: master.to_owned(),
            },
            _ => return Err(invalid(format!("{kind:?} is not a known kind of server"))),
        };
        Ok(Self {
            topology,
            address: hosts.to_owned(),
        })
    }
}

/// The URL, or only its scheme if it may hold a password.
fn without_password(url: &str) -> String {
    match url.split_once("://") {
        _ if !url.contains(['@', '?']) => url.to_owned(),
        Some((scheme, _)) => format!("{scheme}://…"),
        None => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_server_is_named_by_tcp_tls_or_a_socket() {
        for (url, at) in [
            ("redis://localhost", "localhost:6379"),
            ("redis://:secret@localhost:6380/3", "localhost:6380"),
            (
                "redis+unix:///run/redis.sock?pass=sec@ret",
                "/run/redis.sock",
            ),
        ] {
            let target = Target::parse(url).unwrap();
            assert!(matches!(target.topology, Topology::One(_)), "{url}");
            assert_eq!(target.address, at);
        }
    }

    #[test]
    fn the_nodes_of_a_cluster_share_their_user() {
        let target = Target::parse("redis-cluster://me:secret@a:1,b:2").unwrap();
        let Topology::Cluster(nodes) = target.topology else {
            panic!("{target:?}")
        };
        let nodes: Vec<_> = nodes.iter().map(|node| node.addr().to_string()).collect();
        assert_eq!(nodes, ["a:1", "b:2"]);
        assert_eq!(target.address, "a:1,b:2");
    }

    #[test]
    fn sentinels_watch_a_master_by_its_name() {
        let target = Target::parse("redis-sentinel://a:1,b:2/main/4").unwrap();
        let Topology::Sentinel { sentinels, master } = target.topology else {
            panic!("{target:?}")
        };
        assert_eq!((sentinels.len(), master.as_str()), (2, "main"));
        assert_eq!(sentinels[0].redis_settings().db(), 4);
        let nameless = Target::parse("redis-sentinel://a:1").unwrap_err();
        assert!(
            nameless.to_string().contains("name is missing"),
            "{nameless}"
        );
    }

    #[test]
    fn an_invalid_url_is_reported_without_its_password() {
        for url in [
            "localhost:6379",
            "http://me:secret@localhost",
            "redis-array://me:secret@localhost",
            "redis://me:secret@localhost/database",
            "redis://me:secret?@localhost",
            "redis-cluster://me:secret@a:1,,b:2",
            "me:secret@localhost",
        ] {
            let message = Target::parse(url).unwrap_err().to_string();
            assert!(
                message.contains("is not the URL of a Redis server"),
                "{message}"
            );
            assert!(!message.contains("secret"), "{message}");
        }
    }
}

//! The configuration of a server.

use std::fs;
use std::path::Path;

use super::address::Address;
use super::program::Program;
use super::server::{HELPER, RedisServer, Setup};
use super::tls::RedisTls;
use crate::port::Port;

/// How a server is set up. By default: Redis, on a Unix socket of its own, without persistence.
#[derive(Clone, Default)]
#[must_use = "nothing runs before `start` is called"]
pub struct RedisBuilder {
    program: Program,
    tcp: bool,
    tls: Option<RedisTls>,
    users: Vec<String>,
    appends: bool,
    arguments: Vec<String>,
    sentinel: Option<String>,
    cluster: bool,
}

impl RedisServer {
    /// Redis on a Unix socket of its own, without persistence.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A server to be set up.
    pub fn builder() -> RedisBuilder {
        RedisBuilder::default()
    }
}

impl RedisBuilder {
    /// Sets the program to run.
    pub fn program(mut self, program: Program) -> Self {
        self.program = program;
        self
    }

    /// Listens on a free loopback port.
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// Listens on a free loopback port, only over TLS, and requests a certificate from its clients.
    pub fn tls(mut self, tls: &RedisTls) -> Self {
        self.tls = Some(tls.clone());
        self
    }

    /// Adds a user, in the format of an ACL file: `app on >password ~prefix:* +get`. If there is no
    /// user named `default`, an unauthenticated client may do nothing.
    pub fn user(mut self, user: &str) -> Self {
        self.users.push(user.to_owned());
        self
    }

    /// Writes each change to disk before it responds, so that after a kill all acknowledged changes
    /// are there.
    pub fn append_only(mut self) -> Self {
        self.appends = true;
        self
    }

    /// Adds arguments: `["--maxmemory", "3mb"]`.
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// Makes it a sentinel, with this configuration.
    pub(super) fn sentinel(mut self, configuration: String) -> Self {
        self.sentinel = Some(configuration);
        self.tcp()
    }

    /// Makes it a node of a cluster.
    pub(super) fn cluster(mut self) -> Self {
        self.cluster = true;
        self.tcp()
    }

    /// Starts it, and waits until it responds.
    ///
    /// # Panics
    ///
    /// If it is not installed or does not start.
    pub fn start(self) -> RedisServer {
        let folder = tempfile::tempdir().unwrap();
        let port = (self.tcp || self.tls.is_some()).then(Port::reserve);
        let address = match &port {
            None => Address::Unix(folder.path().join("socket")),
            Some(port) if self.tls.is_some() => Address::Tls(port.number()),
            Some(port) => Address::Tcp(port.number()),
        };
        let bus = self.cluster.then(Port::reserve);
        let setup = Setup {
            program: self.program.executable(),
            arguments: self.all_arguments(folder.path(), &address, bus.as_ref()),
            has_users: !self.users.is_empty(),
            tls: self.tls,
            bus: bus.as_ref().map(Port::number),
            address,
            folder,
            ports: port.into_iter().chain(bus).collect(),
        };
        RedisServer::start_set_up(setup)
    }

    fn all_arguments(&self, folder: &Path, address: &Address, bus: Option<&Port>) -> Vec<String> {
        let (port, tls_port) = match address {
            Address::Unix(_) => (0, 0),
            Address::Tcp(port) => (*port, 0),
            Address::Tls(port) => (0, *port),
        };
        let mut arguments = Vec::new();
        let mut add = |pairs: &[(&str, &str)]| {
            let words = pairs.iter().flat_map(|&(flag, value)| [flag, value]);
            arguments.extend(words.map(str::to_owned));
        };
        let in_folder = |name: &str| folder.join(name).display().to_string();
        if let Some(configuration) = &self.sentinel {
            let file = in_folder("sentinel.conf");
            fs::write(&file, configuration).unwrap();
            add(&[(&file, "--sentinel")]);
        }
        add(&[("--port", &port.to_string()), ("--bind", "127.0.0.1")]);
        add(&[("--dir", &folder.display().to_string())]);
        if let Address::Unix(path) = address {
            add(&[("--unixsocket", &path.display().to_string())]);
        }
        if self.sentinel.is_none() {
            add(&[("--save", ""), ("--repl-diskless-sync-delay", "0")]);
            let appends = if self.appends { "yes" } else { "no" };
            add(&[("--appendonly", appends), ("--appendfsync", "always")]);
        }
        if !self.users.is_empty() {
            let helper = format!("{HELPER} on nopass ~* &* +@all");
            // An unrestricted default user may do everything.
            let no_default = "default off".to_owned();
            let users = [&[no_default, helper], &self.users[..]].concat();
            let lines: String = users.iter().map(|user| format!("user {user}\n")).collect();
            fs::write(folder.join("users"), lines).unwrap();
            add(&[("--aclfile", &in_folder("users"))]);
        }
        if let Some(bus) = bus {
            add(&[("--cluster-enabled", "yes")]);
            add(&[("--cluster-port", &bus.number().to_string())]);
            add(&[("--cluster-node-timeout", "4000")]);
        }
        if let Some(tls) = &self.tls {
            add(&[("--tls-port", &tls_port.to_string())]);
            let cluster = if self.cluster { "yes" } else { "no" };
            add(&[("--tls-cluster", cluster)]);
            arguments.extend(tls.arguments(folder));
        }
        arguments.extend(self.arguments.iter().cloned());
        arguments
    }
}

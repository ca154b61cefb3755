//! One server.

use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempDir;

use super::address::Address;
use super::client::{Answer, Client};
use super::tls::RedisTls;
use super::wait_for;
use crate::port::Port;
use crate::process::Process;

/// How long a server may take to start, on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How long replicas may take to get in step, on a busy machine.
const REPLICATION_LIMIT: Duration = Duration::from_secs(30);

/// The user that the helper itself comes as, where there is a list of users.
pub(super) const HELPER: &str = "certsession-tests";

/// What a server is started with, each time again.
pub(super) struct Setup {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) has_users: bool,
    pub(super) tls: Option<RedisTls>,
    pub(super) address: Address,
    /// Where a node of a cluster hears the others.
    pub(super) bus: Option<u16>,
    pub(super) folder: TempDir,
    #[allow(dead_code, reason = "they are reserved for as long as it is held")]
    pub(super) ports: Vec<Port>,
}

/// One server. It ends when this is dropped.
pub struct RedisServer {
    setup: Setup,
    process: Mutex<Option<Process>>,
}

impl RedisServer {
    pub(super) fn start_set_up(setup: Setup) -> Self {
        let server = Self {
            setup,
            process: Mutex::default(),
        };
        server.restart();
        server
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.setup.address.url(None)
    }

    /// Its URL for this user.
    pub fn url_as(&self, user: &str, password: &str) -> String {
        self.setup.address.url(Some((user, password)))
    }

    /// Its port, if it has one.
    pub fn port(&self) -> Option<u16> {
        self.setup.address.port()
    }

    /// The port of its cluster bus, if it is in a cluster.
    pub(super) const fn bus_port(&self) -> Option<u16> {
        self.setup.bus
    }

    /// Its certificates and those of its clients, if it has any.
    pub fn tls(&self) -> Option<&RedisTls> {
        self.setup.tls.as_ref()
    }

    /// Kills it (`kill -9`) and waits until it has ended. Does nothing if it is down.
    pub fn kill(&self) {
        *self.process.lock().unwrap() = None;
    }

    /// Starts it again, at the same address and with its data on disk, and waits until it responds.
    /// A running server is killed first.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn restart(&self) {
        self.kill();
        let Setup {
            program,
            arguments,
            folder,
            ..
        } = &self.setup;
        let process = Process::start(program, arguments, &folder.path().join("log"));
        let pong = Answer::Text(b"PONG".into());
        wait_for("answer of the server", START_LIMIT, || {
            let has_ended = process.has_ended();
            assert!(!has_ended, "{arguments:?} has ended: {}", process.output());
            let answer = self.connect().and_then(|mut client| client.ask(&["PING"]));
            answer.is_ok_and(|answer| answer == pong).then_some(())
        });
        *self.process.lock().unwrap() = Some(process);
    }

    /// Pauses its process (`SIGSTOP`), which keeps its connections open and does not respond.
    ///
    /// # Panics
    ///
    /// If it is down.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it continue.
    ///
    /// # Panics
    ///
    /// If it is down.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let process = self.process.lock().unwrap();
        process.as_ref().expect("the server is up").signal(name);
    }

    /// Whether it was started and not killed since.
    pub fn is_up(&self) -> bool {
        self.process.lock().unwrap().is_some()
    }

    /// Its process id.
    ///
    /// # Panics
    ///
    /// If it is down.
    pub fn process_id(&self) -> u32 {
        let process = self.process.lock().unwrap();
        process.as_ref().expect("the server is up").id()
    }

    /// Its log, including that before restarts.
    pub fn log(&self) -> String {
        let log = std::fs::read(self.setup.folder.path().join("log"));
        String::from_utf8_lossy(&log.unwrap_or_default()).into_owned()
    }

    /// A separate connection with all permissions.
    ///
    /// # Errors
    ///
    /// If it cannot be reached.
    pub fn connect(&self) -> io::Result<Client> {
        let mut client = Client::connect(&self.setup.address, self.setup.tls.as_ref())?;
        if self.setup.has_users {
            client.ask(&["AUTH", HELPER, "any"])?;
        }
        Ok(client)
    }

    /// A connection to a loopback port: for an unknown client, or a client of another authority.
    ///
    /// # Errors
    ///
    /// If it cannot be reached.
    pub fn connect_with(port: u16, tls: Option<&RedisTls>) -> io::Result<Client> {
        let address = tls.map_or(Address::Tcp(port), |_| Address::Tls(port));
        Client::connect(&address, tls)
    }

    /// Sends a command over a separate connection, and returns the reply.
    ///
    /// # Errors
    ///
    /// If it cannot be reached or does not reply. A refusal is a reply.
    pub fn ask<A: AsRef<[u8]>>(&self, command: &[A]) -> io::Result<Answer> {
        self.connect()?.ask(command)
    }

    /// Like [`ask`](Self::ask), as text, as redis-cli prints it.
    ///
    /// # Panics
    ///
    /// If it does not reply or refuses.
    pub fn cli<A: AsRef<[u8]>>(&self, command: &[A]) -> String {
        match self.ask(command).unwrap() {
            Answer::Refused(message) => {
                let name = String::from_utf8_lossy(command[0].as_ref());
                panic!("the server refuses {name}: {message}")
            }
            answer => answer.to_string(),
        }
    }

    /// Sets a key, and waits until that many replicas have it, and with it everything that was
    /// written before it.
    ///
    /// # Panics
    ///
    /// If they do not have it in time.
    pub fn set_on_replicas(&self, replicas: usize, key: &str, value: &str) {
        // `WAIT` waits for the writes of its own connection only.
        let mut client = self.connect().unwrap();
        let set = client.ask(&["SET", key, value]);
        assert!(
            matches!(&set, Ok(Answer::Text(ok)) if ok == b"OK"),
            "{set:?}"
        );
        let least = i64::try_from(replicas).unwrap();
        wait_for("replicas in step", REPLICATION_LIMIT, || {
            let reached = client
                .ask(&["WAIT", &replicas.to_string(), "1000"])
                .unwrap();
            matches!(reached, Answer::Integer(count) if count >= least).then_some(())
        });
    }

    /// The keys that this pattern matches: `prefix:*`.
    ///
    /// # Panics
    ///
    /// If it is down.
    pub fn keys(&self, pattern: &str) -> Vec<Vec<u8>> {
        let answer = self.ask(&["KEYS", pattern]).unwrap();
        let keys = answer.into_list().into_iter();
        keys.map(Answer::into_bytes).collect()
    }

    /// How many bytes a key takes, including its value and the server's overhead; `None` if there
    /// is no such key.
    ///
    /// # Panics
    ///
    /// If it is down.
    pub fn memory_usage(&self, key: impl AsRef<[u8]>) -> Option<u64> {
        let key = key.as_ref();
        let command: [&[u8]; 5] = [b"MEMORY", b"USAGE", key, b"SAMPLES", b"0"];
        self.cli(&command).parse().ok()
    }

    /// A field of `INFO`: `info("used_memory")`.
    ///
    /// # Panics
    ///
    /// If it is down or there is no such field.
    pub fn info(&self, field: &str) -> String {
        self.find_info(field).expect(field)
    }

    /// Like [`info`](Self::info); `None` if it is down or has no such field.
    pub(super) fn find_info(&self, field: &str) -> Option<String> {
        let answer = self.ask(&["INFO", "everything"]).ok()?.to_string();
        let mut values = answer.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = values.find(|(name, _)| *name == field)?;
        Some(value.to_owned())
    }
}

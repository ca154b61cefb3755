//! Several hundred concurrent clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use certs_dev::{Authority, LeafRequest};
use certsession_core::{PeerState, SessionManager, SessionStore};
use certsession_tests::redis::wait_for;
use tokio::runtime::{Builder, Runtime};

use crate::client::{Client, Held};
use crate::ledger::{Account, Ledger};
use crate::random::Random;

/// Each has a runtime of its own, like actix's workers.
const THREADS: usize = 4;
const CLIENTS_PER_THREAD: usize = 100;
const CERTIFICATES: usize = 16;

/// Running clients, until they are stopped.
pub(crate) struct Load<S> {
    pub(crate) ledger: Arc<Ledger>,
    sessions: SessionManager<S>,
    peers: Arc<[PeerState]>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<Client<S>>>>,
}

/// The state after the clients have stopped.
pub(crate) struct Remains<S> {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) sessions: SessionManager<S>,
    pub(crate) peers: Arc<[PeerState]>,
    /// The sessions that were not ended.
    pub(crate) held: Vec<Held>,
    /// Sessions whose clients have no token for them.
    pub(crate) stranded: Vec<Account>,
}

/// Creates a runtime on this thread.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

impl<S: SessionStore> Load<S> {
    /// Starts the clients, and waits until all have made some progress.
    pub(crate) fn start(sessions: SessionManager<S>) -> Self {
        let authority = Authority::new("certsession test CA").unwrap();
        let peer = |n| {
            let request = LeafRequest::client(format!("client {n}"));
            let identity = authority.issue(&request).unwrap();
            PeerState::from_leaf(Some(identity.certificate_der()))
        };
        let mut load = Self {
            ledger: Arc::default(),
            sessions,
            peers: (0..CERTIFICATES).map(peer).collect(),
            stop: Arc::default(),
            threads: Vec::new(),
        };
        for thread in 0..THREADS {
            let first = thread * CLIENTS_PER_THREAD;
            let clients = (first..first + CLIENTS_PER_THREAD).map(|number| load.client(number));
            let (clients, stop) = (clients.collect(), Arc::clone(&load.stop));
            load.threads.push(thread::spawn(|| run(clients, stop)));
        }
        load.wait_for_requests(20 * THREADS * CLIENTS_PER_THREAD);
        load
    }

    fn client(&self, number: usize) -> Client<S> {
        Client {
            sessions: self.sessions.clone(),
            ledger: Arc::clone(&self.ledger),
            number,
            peers: Arc::clone(&self.peers),
            random: Random::seeded(number),
            held: Vec::new(),
            stranded: Vec::new(),
        }
    }

    /// Waits until this many more requests have succeeded.
    pub(crate) fn wait_for_requests(&self, count: usize) {
        let succeeded = || {
            let pages = self.ledger.pages();
            let succeeded = pages.requests.iter().filter(|it| it.failure.is_none());
            succeeded.count()
        };
        let enough = succeeded() + count;
        wait_for("progress of the clients", Duration::from_secs(30), || {
            thread::sleep(Duration::from_millis(20));
            (succeeded() >= enough).then_some(())
        });
    }

    /// Lets the clients finish their current requests.
    pub(crate) fn stop(self) -> Remains<S> {
        self.stop.store(true, Ordering::Relaxed);
        let mut remains = Remains {
            ledger: self.ledger,
            sessions: self.sessions,
            peers: self.peers,
            held: Vec::new(),
            stranded: Vec::new(),
        };
        for thread in self.threads {
            for client in thread.join().unwrap() {
                remains.held.extend(client.held);
                remains.stranded.extend(client.stranded);
            }
        }
        remains
    }
}

fn run<S: SessionStore>(clients: Vec<Client<S>>, stop: Arc<AtomicBool>) -> Vec<Client<S>> {
    let work = async move |mut client: Client<S>, stop: Arc<AtomicBool>| {
        while !stop.load(Ordering::Relaxed) {
            client.act().await;
        }
        client.settle().await;
        client
    };
    let runtime = runtime();
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|client| runtime.spawn(work(client, Arc::clone(&stop))))
        .collect();
    let tasks = tasks
        .into_iter()
        .map(|task| runtime.block_on(task).unwrap());
    tasks.collect()
}

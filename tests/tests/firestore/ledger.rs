//! Many clients while calls are lost at random, and while the emulator stops and is killed, with a
//! ledger of what each was told.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use certsession_core::{Handle, Page, SessionError};
use certsession_firestore::FirestoreStore;
use certsession_tests::firestore::{CallProxy, Emulator, Fault, new_collection, shared, url};
use certsession_tests::rules::{KEY, Site, alice, new_peer};
use certsession_tests::stores::firestore_settings;
use futures_util::future::join_all;

const CLIENTS: usize = 16;
const REQUESTS: usize = 40;

/// What a client knows of its session.
#[derive(Clone, Debug)]
struct Entry {
    token: String,
    /// The values that it may hold: the last one that was acknowledged, and those of requests
    /// since of which no one knows what became of them.
    values: Vec<u64>,
    ended: End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    No,
    /// It was asked for, and the answer was an error.
    Perhaps,
    Yes,
}

/// A random number that is printed, so that a run can be understood.
struct Dice {
    state: RandomState,
    count: AtomicU32,
}

impl Dice {
    fn one_in(&self, sides: u64) -> bool {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        self.state.hash_one(count).is_multiple_of(sides)
    }
}

fn dice() -> Arc<Dice> {
    Arc::new(Dice {
        state: RandomState::new(),
        count: AtomicU32::new(0),
    })
}

async fn client(site: Site<FirestoreStore>, dice: Arc<Dice>, ledger: Arc<Mutex<Vec<Entry>>>) {
    let mut current: Option<Entry> = None;
    let mut value = 0;
    for _ in 0..REQUESTS {
        let Some(mut entry) = current.take() else {
            if let Ok(token) = site.sign_in("").await {
                current = Some(Entry {
                    token: token.unwrap(),
                    values: vec![],
                    ended: End::No,
                });
            }
            continue;
        };
        let Ok(mut session) = site.try_open(&entry.token).await else {
            current = Some(entry);
            continue;
        };
        let is_there = session.handle().is_some();
        match entry.ended {
            End::Yes => panic!("an ended session is accepted"),
            End::No => assert!(is_there, "a session is lost: {entry:?}"),
            End::Perhaps if !is_there => {
                entry.ended = End::Yes;
                ledger.lock().unwrap().push(entry);
                continue;
            }
            End::Perhaps => {}
        }
        let seen = session.get(&KEY).unwrap();
        match seen {
            Some(seen) => assert!(entry.values.contains(&seen), "{seen}, not of {entry:?}"),
            None => assert!(entry.values.len() != 1, "a write is lost: {entry:?}"),
        }
        if dice.one_in(8) {
            session.end().unwrap();
            entry.ended = match site.commit(&mut session).await {
                Ok(_) => End::Yes,
                Err(_) => End::Perhaps,
            };
            if entry.ended == End::Yes {
                ledger.lock().unwrap().push(entry);
            } else {
                current = Some(entry);
            }
            continue;
        }
        value += 1;
        session.insert(&KEY, &value).unwrap();
        match site.commit(&mut session).await {
            Ok(_) => entry.values = vec![value],
            Err(SessionError::Store(_)) => {
                // The first value of all may be missing altogether.
                if entry.values.is_empty() {
                    entry.values.push(u64::MAX);
                }
                entry.values.push(value);
            }
            Err(SessionError::Gone) if entry.ended == End::Perhaps => entry.ended = End::Yes,
            Err(other) => panic!("{other}: {entry:?}"),
        }
        current = Some(entry);
    }
    ledger.lock().unwrap().extend(current);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_ended_session_is_accepted_and_no_acknowledged_write_lost_while_calls_are_lost() {
    let proxy = CallProxy::before(shared());
    let (dice, collection) = (dice(), new_collection());
    let settings = firestore_settings(&url(proxy.port(), &collection));
    let settings = settings.timeout(Duration::from_secs(5)).connections(4);
    let (peer, ledger) = (new_peer(), Arc::default());
    let site = Site::new(settings.connect().await.unwrap(), peer.clone(), None);
    let faults = Arc::new(AtomicU32::new(0));
    let (count, thrown) = (Arc::clone(&faults), Arc::clone(&dice));
    proxy.judge(move |method| {
        if method == "Listen" || !thrown.one_in(12) {
            return None;
        }
        let which = count.fetch_add(1, Ordering::Relaxed);
        Some(match which % 6 {
            0 => Fault::CutBefore,
            1 => Fault::CutAfter,
            2 => Fault::Status(10, "contention"),
            3 => Fault::Status(8, "quota"),
            4 => Fault::Status(14, "try again"),
            _ => Fault::Late(Duration::from_secs(6)),
        })
    });
    let clients = (0..CLIENTS).map(|_| {
        let (site, dice, ledger) = (site.clone(), Arc::clone(&dice), Arc::clone(&ledger));
        tokio::spawn(client(site, dice, ledger))
    });
    for client in join_all(clients).await {
        client.unwrap();
    }
    proxy.heal();
    let faults = faults.load(Ordering::Relaxed);
    assert!(faults > 20, "{faults} calls were lost");

    let beside = firestore_settings(&url(shared(), &collection));
    let beside = Site::new(beside.connect().await.unwrap(), peer, None);
    let ledger: Vec<Entry> = ledger.lock().unwrap().clone();
    let active = audit(&beside, &ledger).await;
    eprintln!(
        "{} sessions, {} active, {faults} faults",
        ledger.len(),
        active.len()
    );
    let page = Page::at_most(Page::LARGEST);
    let listed = beside.sessions.sessions(&alice(), &page).await.unwrap();
    let listed: Vec<_> = listed.sessions().iter().map(|it| it.handle()).collect();
    assert!(active.iter().all(|handle| listed.contains(handle)));
    beside.sessions.revoke_all(&alice()).await.unwrap();
    for entry in &ledger {
        assert!(!beside.is_active(&entry.token).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_ended_session_is_accepted_while_the_emulator_stops_goes_on_and_is_killed() {
    let emulator = Arc::new(Emulator::start());
    let at = url(emulator.port(), "sessions");
    // What is slow the first time is not what is tested here.
    let peer = new_peer();
    let store = firestore_settings(&at).connect().await.unwrap();
    let beside = Site::new(store, peer.clone(), None);
    beside.sign_in("").await.unwrap();
    beside.sessions.revoke_all(&alice()).await.unwrap();
    let settings = firestore_settings(&at).timeout(Duration::from_millis(1_500));
    let site = Site::new(settings.connect().await.unwrap(), peer, None);
    let (dice, ledger) = (dice(), Arc::default());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (site, dice, ledger) = (site.clone(), Arc::clone(&dice), Arc::clone(&ledger));
            tokio::spawn(client(site, dice, ledger))
        })
        .collect();
    // Stopped for longer than a call may take, so that those under way are lost: whether they were
    // taken, no one knows. It keeps what it holds.
    let mut stops = 0;
    while clients.iter().any(|client| !client.is_finished()) && stops < 4 {
        emulator.pause();
        tokio::time::sleep(Duration::from_secs(2)).await;
        emulator.resume();
        tokio::time::sleep(Duration::from_millis(300)).await;
        stops += 1;
    }
    for client in join_all(clients).await {
        client.unwrap();
    }
    assert!(stops > 0);
    let ledger: Vec<Entry> = ledger.lock().unwrap().clone();
    let active = audit(&beside, &ledger).await;
    eprintln!(
        "{} sessions, {} active, {stops} stops",
        ledger.len(),
        active.len()
    );

    // Killed, it loses everything, which is documented; what comes back is no session.
    let kills = Arc::clone(&emulator);
    tokio::task::spawn_blocking(move || kills.restart())
        .await
        .unwrap();
    let mut opened = beside.sign_in("").await;
    for _ in 0..20 {
        if opened.is_ok() {
            break;
        }
        opened = beside.sign_in("").await;
    }
    let new = opened.unwrap().unwrap();
    assert!(beside.is_active(&new).await);
    for entry in &ledger {
        assert!(!beside.is_active(&entry.token).await, "{entry:?}");
    }
}

/// Looks at every session past the faults, and says which are active.
async fn audit(beside: &Site<FirestoreStore>, ledger: &[Entry]) -> Vec<Handle> {
    let mut active = Vec::new();
    for entry in ledger {
        let session = beside.open(&entry.token).await;
        let is_active = session.handle().is_some();
        match entry.ended {
            End::Yes => assert!(!is_active, "an ended session is there: {entry:?}"),
            End::No => assert!(is_active, "a session is lost: {entry:?}"),
            End::Perhaps => {}
        }
        if is_active {
            active.extend(session.handle());
            let seen = session.get(&KEY).unwrap();
            let is_known = match seen {
                Some(seen) => entry.values.contains(&seen),
                None => entry.values.len() != 1,
            };
            assert!(is_known, "{seen:?}, not of {entry:?}");
        }
    }
    active
}

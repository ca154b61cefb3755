//! Whole requests through the rules: open, handler, commit, and the response to the client.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use certsession_core::test_util::ManualClock;
use certsession_core::{
    CookieChange, Key, MemoryStore, Owner, PeerState, Presented, Principal, Session, SessionError,
    SessionManager,
};
use loom::thread::JoinHandle;

use crate::support::{NOW, explore, now_or_never};

/// A server and a client's certificate. Clones share the server.
#[derive(Clone)]
struct Server {
    sessions: SessionManager<MemoryStore>,
    clock: ManualClock,
    peer: PeerState,
}

/// The response to a client.
struct Answer {
    result: Result<(), SessionError>,
    cookie: Option<String>,
    /// Whether the request's cookie opened a session.
    had_session: bool,
}

impl Server {
    fn new() -> Self {
        let clock = ManualClock::new(NOW);
        // By default one creation in sixteen, chosen at random, takes a step more: the checker needs
        // the same steps each time.
        let builder = SessionManager::builder(MemoryStore::new()).certificate_limit(None);
        let builder = builder.clock(clock.clone());
        Self {
            sessions: builder.build(),
            clock,
            peer: certificate(),
        }
    }

    fn open(&self, cookie: Option<&str>) -> Session {
        let presented = match cookie {
            Some(cookie) => Presented::One(cookie.as_bytes()),
            None => Presented::None,
        };
        now_or_never(self.sessions.open(presented, &self.peer)).unwrap()
    }

    fn request(&self, cookie: Option<&str>, handler: fn(&mut Session)) -> Answer {
        let session = self.open(cookie);
        self.finish(session, handler)
    }

    fn finish(&self, mut session: Session, handler: fn(&mut Session)) -> Answer {
        let had_session = session.handle().is_some();
        handler(&mut session);
        let result = match session.begin_commit() {
            Some(pending) => {
                let result = now_or_never(self.sessions.execute(pending));
                session.finish_commit(result)
            }
            None => Ok(()),
        };
        let cookie = match session.take_cookie() {
            Some(CookieChange::Set(token)) => Some(token.expose()),
            _ => None,
        };
        Answer {
            result,
            cookie,
            had_session,
        }
    }

    /// Runs a request on a thread of its own.
    fn spawn(&self, cookie: &Arc<str>, handler: fn(&mut Session)) -> JoinHandle<Answer> {
        let (server, cookie) = (self.clone(), Arc::clone(cookie));
        loom::thread::spawn(move || server.request(Some(&cookie), handler))
    }

    /// Runs a slow request: it opens its session before the other threads begin.
    fn spawn_slow(&self, cookie: &Arc<str>, handler: fn(&mut Session)) -> JoinHandle<Answer> {
        let (server, session) = (self.clone(), self.open(Some(cookie)));
        loom::thread::spawn(move || server.finish(session, handler))
    }

    /// Begins a session of alice, and returns its cookie.
    fn signed_in(&self) -> Arc<str> {
        let answer = self.request(None, |session| session.sign_in("alice").unwrap());
        answer.cookie.unwrap().into()
    }

    /// How many of these cookies open a session.
    fn alive(&self, cookies: &[&str]) -> usize {
        let opens = |cookie: &&&str| self.open(Some(cookie)).handle().is_some();
        cookies.iter().filter(opens).count()
    }
}

/// One certificate for all orders of all models: the steps must not depend on randomness.
fn certificate() -> PeerState {
    static DER: OnceLock<Vec<u8>> = OnceLock::new();
    let der = DER.get_or_init(|| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.serial_number = Some(1_u64.into());
        params.self_signed(&key).unwrap().der().to_vec()
    });
    PeerState::from_leaf(Some(der))
}

const KEY: Key<u32> = Key::new("key");

fn writes(session: &mut Session) {
    session.insert(&KEY, &1).unwrap();
}

#[test]
fn p3_beyond_the_grace_one_token_is_alive_after_a_renewal_a_rotation_and_a_write() {
    explore("renewal, rotation and write", || {
        let server = Server::new();
        let first = server.signed_in();
        server.clock.advance(Duration::from_secs(15 * 60));
        let answers = [
            server.spawn_slow(&first, writes),
            server.spawn(&first, |_| {}),
            server.spawn(&first, |session| {
                if session.handle().is_some() {
                    session.rotate().unwrap();
                }
            }),
        ]
        .map(|request| request.join().unwrap());
        let mut cookies = vec![&*first];
        cookies.extend(answers.iter().filter_map(|answer| answer.cookie.as_deref()));
        assert!(
            server.alive(&cookies) <= 2,
            "the current token, and one in its grace period"
        );
        server.clock.advance(Duration::from_secs(30));
        assert_eq!(server.alive(&cookies), 1, "of {} tokens", cookies.len());
        server.sessions.store().audit().unwrap();
    });
}

#[test]
fn p4_neither_a_slow_writer_nor_a_sign_in_brings_a_signed_out_session_back() {
    explore("writer, sign-in and sign-out", || {
        let server = Server::new();
        let cookie = server.signed_in();
        let handle = server.open(Some(&cookie)).handle();
        let writer = server.spawn_slow(&cookie, writes);
        let sign_in = server.spawn(&cookie, |session| session.sign_in("bob").unwrap());
        // It ends the session that it opened, even if another request signs in to it meanwhile.
        let sign_out = server.spawn(&cookie, |session| {
            if session.handle().is_some() {
                session.sign_out().unwrap();
            }
        });
        let [writer, sign_in, sign_out] = [writer, sign_in, sign_out].map(|r| r.join().unwrap());
        sign_out.result.unwrap();
        assert!(writer.cookie.is_none());
        assert_eq!(server.alive(&[&cookie]), 0);
        let bobs = sign_in
            .cookie
            .and_then(|bobs| server.open(Some(&bobs)).handle());
        assert!(!sign_out.had_session || bobs.is_none() || bobs != handle);
        server.sessions.store().audit().unwrap();
    });
}

#[test]
fn p5_a_writer_from_before_a_sign_in_leaves_nothing_in_the_signed_in_session() {
    explore("writer and sign-in", || {
        let server = Server::new();
        let first = server.request(None, writes).cookie.unwrap();
        let first: Arc<str> = first.into();
        let writer = server.spawn_slow(&first, writes);
        let sign_in = server.spawn(&first, |session| session.sign_in("alice").unwrap());
        let (writer, sign_in) = (writer.join().unwrap(), sign_in.join().unwrap());
        assert!(matches!(writer.result, Ok(()) | Err(SessionError::Stale)));
        let second = sign_in.cookie.unwrap();
        assert_eq!(server.open(Some(&second)).entries().unwrap().len(), 0);
        assert_eq!(server.alive(&[&first, &second]), 1);
    });
}

#[test]
fn p4_after_revoke_all_no_token_opens_an_earlier_session() {
    explore("revoke-all, rotation and write", || {
        let server = Server::new();
        let cookie = server.signed_in();
        let writer = server.spawn_slow(&cookie, writes);
        let revoke = {
            let server = server.clone();
            loom::thread::spawn(move || {
                let alice = Owner::Principal(Principal::new("alice").unwrap());
                now_or_never(server.sessions.revoke_all(&alice)).unwrap()
            })
        };
        let rotation = server.spawn(&cookie, |session| session.rotate().unwrap());
        let revoked = revoke.join().unwrap();
        let rotation = rotation.join().unwrap();
        assert!(writer.join().unwrap().cookie.is_none());
        assert_eq!(revoked.len(), 1);
        let mut cookies = vec![&*cookie];
        cookies.extend(rotation.cookie.as_deref());
        assert_eq!(server.alive(&cookies), 0);
        assert!(server.sessions.store().is_empty());
        server.sessions.store().audit().unwrap();
    });
}

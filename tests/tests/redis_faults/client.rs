//! A client that makes one request after another, and records the results.

use std::sync::Arc;
use std::time::{Duration, Instant};

use certsession_core::{
    CookieChange, Handle, Key, Owner, PeerState, Presented, Session, SessionError, SessionManager,
    SessionStore, SignIn, StoreErrorKind,
};

use crate::ledger::{Account, DeadToken, Ledger, Lost};
use crate::random::Random;

pub(crate) const KEYS: [&str; 4] = ["a", "b", "c", "d"];

/// How many sessions a client has at once.
const SESSIONS: usize = 3;

/// How long a client pauses after a failure.
const PAUSE: Duration = Duration::from_millis(20);

type Answer<T> = Result<T, StoreErrorKind>;

/// A client with a certificate, a name and some sessions.
pub(crate) struct Client<S> {
    pub(crate) sessions: SessionManager<S>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) number: usize,
    pub(crate) peers: Arc<[PeerState]>,
    pub(crate) random: Random,
    pub(crate) held: Vec<Held>,
    /// Sessions whose token the client has lost, but which the store must still have.
    pub(crate) stranded: Vec<Account>,
}

/// A session, as its client knows it.
pub(crate) struct Held {
    pub(crate) token: String,
    pub(crate) account: Account,
    /// Whether it is to end, but no end was acknowledged yet.
    pub(crate) is_ending: bool,
}

impl<S: SessionStore> Client<S> {
    /// Makes one request.
    pub(crate) async fn act(&mut self) {
        let ledger = Arc::clone(&self.ledger);
        let choice = self.random.below(100);
        let outcome = if self.held.len() < SESSIONS {
            ledger.request("begin", self.begin()).await
        } else {
            let n = self.random.below(SESSIONS);
            if self.held[n].is_ending {
                ledger.request("end", self.end(n)).await
            } else {
                match choice {
                    0..40 => ledger.request("read", self.read(n)).await,
                    40..60 => ledger.request("write", self.write(n)).await,
                    60..65 => ledger.request("write two", self.write_two(n)).await,
                    65..72 => ledger.request("rotate", self.replace_token(n, false)).await,
                    72..77 => ledger.request("sign in", self.replace_token(n, true)).await,
                    77..84 => ledger.request("theft", self.be_robbed(n)).await,
                    84..93 => ledger.request("dead token", self.present_dead()).await,
                    93..98 => ledger.request("end", self.end(n)).await,
                    _ => ledger.request("revoke all", self.revoke_all()).await,
                }
            }
        };
        if outcome.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Ends the sessions that are still to be ended.
    pub(crate) async fn settle(&mut self) {
        for _ in 0..100 {
            let Some(n) = self.held.iter().position(|held| held.is_ending) else {
                return;
            };
            if self.end(n).await.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn begin(&mut self) -> Answer<()> {
        let mut session = self.open(Presented::None, self.number).await?;
        let is_signed_in = self.random.below(2) == 0;
        if is_signed_in {
            session.sign_in(self.name()).unwrap();
        }
        session.insert(&Key::<u64>::new("a"), &1_u64).unwrap();
        let token = self.commit(&mut session).await?.expect("a new session");
        let token = token.expect("a new session has a token");
        let now = Instant::now();
        let account = Account {
            handle: session.handle().unwrap(),
            acknowledged: [("a", (1, now))].into(),
            sent: [("a", 1)].into(),
            token_since: now,
            may_have_new_token: false,
            signed_in_at: is_signed_in.then(Instant::now),
        };
        self.ledger.pages().writes += 1;
        self.held.push(Held {
            token,
            account,
            is_ending: false,
        });
        Ok(())
    }

    async fn read(&mut self, n: usize) -> Answer<()> {
        self.opened(n).await.map(drop)
    }

    async fn write(&mut self, n: usize) -> Answer<()> {
        let Some(session) = self.opened(n).await? else {
            return Ok(());
        };
        let key = self.random.below(KEYS.len());
        let written = self.write_key(n, session, KEYS[key]).await;
        self.wrote(n, KEYS[key], written)
    }

    /// Two concurrent requests, each with a key of its own: both are applied.
    async fn write_two(&mut self, n: usize) -> Answer<()> {
        let Some(one) = self.opened(n).await? else {
            return Ok(());
        };
        let Some(other) = self.opened(n).await? else {
            return Ok(());
        };
        let first = self.random.below(KEYS.len());
        let (first, second) = (KEYS[first], KEYS[(first + 1) % KEYS.len()]);
        for key in [first, second] {
            *self.held[n].account.sent.entry(key).or_default() += 1;
        }
        let sent = self.held[n].account.sent.clone();
        let write = async |mut session: Session, key| {
            session.insert(&Key::<u64>::new(key), &sent[key]).unwrap();
            self.commit(&mut session)
                .await
                .map(|it| it.map(|_| sent[key]))
        };
        let (one, other) = tokio::join!(write(one, first), write(other, second));
        if one == Ok(None) || other == Ok(None) {
            self.is_gone(n);
            return Ok(());
        }
        let one = self.wrote(n, first, one);
        one.and(self.wrote(n, second, other))
    }

    async fn write_key(
        &mut self,
        n: usize,
        mut session: Session,
        key: &'static str,
    ) -> Answer<Option<u64>> {
        let sent = self.held[n].account.sent.entry(key).or_default();
        *sent += 1;
        let value = *sent;
        session.insert(&Key::<u64>::new(key), &value).unwrap();
        Ok(self.commit(&mut session).await?.map(|_| value))
    }

    fn wrote(&mut self, n: usize, key: &'static str, written: Answer<Option<u64>>) -> Answer<()> {
        match written? {
            Some(value) => {
                let now = Instant::now();
                self.held[n].account.acknowledged.insert(key, (value, now));
                self.ledger.pages().writes += 1;
            }
            None => self.is_gone(n),
        }
        Ok(())
    }

    /// Replaces the token, by a rotation or a sign-in; the old one is dead.
    async fn replace_token(&mut self, n: usize, by_sign_in: bool) -> Answer<()> {
        let Some(mut session) = self.opened(n).await? else {
            return Ok(());
        };
        if by_sign_in {
            let carry = |sign_in: SignIn, key: &&'static str| sign_in.carry(&Key::<u64>::new(key));
            let sign_in = KEYS.iter().fold(SignIn::principal(self.name()), carry);
            session.sign_in(sign_in).unwrap();
        } else {
            session.rotate().unwrap();
        }
        let answer = self.commit(&mut session).await;
        let held = &mut self.held[n];
        match answer {
            Err(failure) => {
                held.account.may_have_new_token = true;
                return Err(failure);
            }
            Ok(Some(token)) => {
                let token = token.expect("a new token");
                let old = std::mem::replace(&mut held.token, token);
                held.account.token_since = Instant::now();
                if by_sign_in {
                    held.account.signed_in_at = Some(held.account.token_since);
                }
                let handle = held.account.handle;
                self.bury(old, handle, false, Instant::now());
            }
            Ok(None) => self.is_gone(n),
        }
        Ok(())
    }

    /// Uses the token under another certificate, and under none.
    async fn be_robbed(&mut self, n: usize) -> Answer<()> {
        let thief = match self.random.below(4) {
            0 => PeerState::Absent,
            _ => self.peers[(self.number + 1) % self.peers.len()].clone(),
        };
        let token = self.held[n].token.clone();
        let opened = self.sessions.open(Presented::One(token.as_bytes()), &thief);
        match opened.await {
            Err(SessionError::Refused(_)) => {}
            Err(SessionError::Store(error)) => return Err(self.ledger.fail(&error)),
            Err(other) => self.ledger.violate(format!("theft: {other}")),
            Ok(session) if session.handle().is_some() => {
                self.ledger.violate("another certificate was accepted");
            }
            Ok(_) => self.is_gone(n),
        }
        self.ledger.pages().thefts += 1;
        Ok(())
    }

    async fn present_dead(&mut self) -> Answer<()> {
        let Some(dead) = self.ledger.dead_token(self.random.next()) else {
            return Ok(());
        };
        let presented = Presented::One(dead.token.as_bytes());
        let session = self.open(presented, dead.client).await?;
        self.ledger.pages().dead_presented += 1;
        if session.handle().is_some() {
            self.ledger.revive(&dead);
        }
        Ok(())
    }

    async fn end(&mut self, n: usize) -> Answer<()> {
        self.held[n].is_ending = true;
        let token = self.held[n].token.clone();
        let presented = Presented::One(token.as_bytes());
        let mut session = self.open(presented, self.number).await?;
        if session.handle().is_some() {
            session.end().unwrap();
            self.commit(&mut session).await?;
        } else if self.held[n].account.may_have_new_token {
            // It can no longer be ended with its token.
            self.strand(n);
            return Ok(());
        }
        self.ended(n, Instant::now());
        Ok(())
    }

    async fn revoke_all(&mut self) -> Answer<()> {
        let mine = Owner::principal(&self.name()).unwrap();
        let revoked = self.sessions.revoke_all(&mine).await;
        // They may have been among the ended ones.
        self.stranded.clear();
        for n in (0..self.held.len()).rev() {
            let account = &self.held[n].account;
            match (&revoked, account.signed_in_at) {
                // It is unknown which sessions have ended.
                (Err(_), _) => self.held[n].is_ending = true,
                (Ok(ended), _) if ended.contains(&account.handle) => self.ended(n, Instant::now()),
                // It has ended already; or its index entry, which is as old as the sign-in, is
                // lost.
                (Ok(_), Some(signed_in_at)) => self.ended(n, signed_in_at),
                (Ok(_), None) => {}
            }
        }
        revoked.map(drop).map_err(|error| self.ledger.fail(&error))
    }

    /// The session, if it is accepted; its data is compared with the account.
    async fn opened(&mut self, n: usize) -> Answer<Option<Session>> {
        let token = self.held[n].token.clone();
        let presented = Presented::One(token.as_bytes());
        let session = self.open(presented, self.number).await?;
        if session.handle().is_none() {
            self.is_gone(n);
            return Ok(None);
        }
        let held = |key: &str| session.get(&Key::<u64>::named(key)).unwrap();
        self.held[n].account.compare(&self.ledger, held);
        Ok(Some(session))
    }

    async fn open(&self, presented: Presented<'_>, client: usize) -> Answer<Session> {
        let peer = &self.peers[client % self.peers.len()];
        match self.sessions.open(presented, peer).await {
            Ok(session) => Ok(session),
            Err(SessionError::Store(error)) => Err(self.ledger.fail(&error)),
            Err(other) => panic!("the client's own certificate: {other}"),
        }
    }

    /// Whether the commit was applied, with the new token; `None` if the session is gone or belongs
    /// to another principal.
    async fn commit(&self, session: &mut Session) -> Answer<Option<Option<String>>> {
        let pending = session.begin_commit().expect("there are changes to commit");
        let result = self.sessions.execute(pending).await;
        match session.finish_commit(result) {
            Ok(()) => {}
            Err(SessionError::Store(error)) => return Err(self.ledger.fail(&error)),
            Err(SessionError::Gone | SessionError::Stale) => return Ok(None),
            Err(other) => panic!("{other}"),
        }
        Ok(Some(match session.take_cookie() {
            Some(CookieChange::Set(token)) => Some(token.expose()),
            _ => None,
        }))
    }

    fn name(&self) -> String {
        format!("client {}", self.number)
    }

    /// The token no longer opens the session, although this client has not ended it.
    fn is_gone(&mut self, n: usize) {
        if self.held[n].account.may_have_new_token {
            return self.strand(n);
        }
        let held = self.held.remove(n);
        self.ledger.lose(Lost::Session, held.account.token_since);
    }

    fn strand(&mut self, n: usize) {
        self.ledger.pages().stranded += 1;
        let held = self.held.remove(n);
        if !held.is_ending {
            self.stranded.push(held.account);
        }
    }

    /// The session is over, by an end that was acknowledged at `since`.
    fn ended(&mut self, n: usize, since: Instant) {
        let held = self.held.remove(n);
        self.ledger.pages().ends += 1;
        self.bury(held.token, held.account.handle, true, since);
    }

    fn bury(&self, token: String, handle: Handle, is_ended: bool, since: Instant) {
        self.ledger.pages().dead.push(DeadToken {
            token,
            handle,
            is_ended,
            client: self.number,
            since,
        });
    }
}

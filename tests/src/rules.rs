//! An application over a store, without HTTP: the rules, and clients of one certificate.

use certs_dev::{Authority, LeafRequest};
use certsession_core::{
    Admission, CookieChange, Key, Owner, PeerState, Presented, Session, SessionError,
    SessionManager, SessionStore,
};
use futures_util::future::join_all;

/// What the requests write.
pub const KEY: Key<u64> = Key::new("key");

/// A server of the application.
pub struct Site<S> {
    /// The rules.
    pub sessions: SessionManager<S>,
    peer: PeerState,
}

/// The connection of a client that a new authority has issued a certificate to.
///
/// # Panics
///
/// If none can be issued.
pub fn new_peer() -> PeerState {
    let authority = Authority::new("certsession test CA").unwrap();
    let alice = authority.issue(&LeafRequest::client("alice")).unwrap();
    PeerState::from_leaf(Some(alice.certificate_der()))
}

/// The principal that signs in.
///
/// # Panics
///
/// Never: the name is a valid one.
pub fn alice() -> Owner {
    Owner::principal("alice").unwrap()
}

impl<S> Clone for Site<S> {
    fn clone(&self) -> Self {
        Self {
            sessions: self.sessions.clone(),
            peer: self.peer.clone(),
        }
    }
}

impl<S: SessionStore> Site<S> {
    /// A server over this store, whose clients come from this peer.
    pub fn new(store: S, peer: PeerState, admission: Option<Admission>) -> Self {
        // One creation in sixteen would cost a step more, and tests count steps.
        let mut rules = SessionManager::builder(store).certificate_limit(None);
        if let Some(admission) = admission {
            rules = rules.admission(admission);
        }
        let sessions = rules.build();
        Self { sessions, peer }
    }

    /// Opens the session of a token; of none, if it is empty.
    ///
    /// # Errors
    ///
    /// Those of the rules.
    pub async fn try_open(&self, token: &str) -> Result<Session, SessionError> {
        let presented = match token {
            "" => Presented::None,
            token => Presented::One(token.as_bytes()),
        };
        self.sessions.open(presented, &self.peer).await
    }

    /// As [`try_open`](Self::try_open), which has to succeed.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub async fn open(&self, token: &str) -> Session {
        self.try_open(token).await.unwrap()
    }

    /// Commits; returns the new token, if there is one.
    ///
    /// # Errors
    ///
    /// Those of the commit.
    pub async fn commit(&self, session: &mut Session) -> Result<Option<String>, SessionError> {
        if let Some(pending) = session.begin_commit() {
            session.finish_commit(self.sessions.execute(pending).await)?;
        }
        Ok(match session.take_cookie() {
            Some(CookieChange::Set(token)) => Some(token.expose()),
            _ => None,
        })
    }

    /// A whole request: opens, works, commits.
    ///
    /// # Errors
    ///
    /// Those of the commit.
    pub async fn request(
        &self,
        token: &str,
        work: impl FnOnce(&mut Session),
    ) -> Result<Option<String>, SessionError> {
        let mut session = self.open(token).await;
        work(&mut session);
        self.commit(&mut session).await
    }

    /// Signs alice in, in the session of the token.
    ///
    /// # Errors
    ///
    /// Those of the commit.
    pub async fn sign_in(&self, token: &str) -> Result<Option<String>, SessionError> {
        self.request(token, |session| session.sign_in("alice").unwrap())
            .await
    }

    /// Begins an anonymous session; returns its token.
    ///
    /// # Panics
    ///
    /// If that fails.
    pub async fn begin(&self) -> String {
        let begun = self.request("", |session| session.insert(&KEY, &0).unwrap());
        begun.await.unwrap().unwrap()
    }

    /// Whether a token has a session.
    pub async fn is_active(&self, token: &str) -> bool {
        self.open(token).await.handle().is_some()
    }

    /// How many of the tokens have a session.
    pub async fn count_active(&self, tokens: &[String]) -> usize {
        let active = join_all(tokens.iter().map(|token| self.is_active(token))).await;
        active.into_iter().filter(|is_active| *is_active).count()
    }
}

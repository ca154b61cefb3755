//! An application over the store, without HTTP: the rules, and clients of one certificate.

use certs_dev::{Authority, LeafRequest};
use certsession_core::{
    Admission, CommitError, CookieChange, Key, Owner, PeerState, Presented, Session, SessionManager,
};
use certsession_firestore::{FirestoreStore, FirestoreStoreBuilder};
use certsession_tests::stores::firestore_settings;
use futures_util::future::join_all;

pub(crate) const KEY: Key<u64> = Key::new("key");

/// A server of the application.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) sessions: SessionManager<FirestoreStore>,
    peer: PeerState,
}

pub(crate) fn new_peer() -> PeerState {
    let authority = Authority::new("certsession test CA").unwrap();
    let alice = authority.issue(&LeafRequest::client("alice")).unwrap();
    PeerState::from_leaf(Some(alice.certificate_der()))
}

pub(crate) fn alice() -> Owner {
    Owner::principal("alice").unwrap()
}

impl Site {
    pub(crate) async fn with(
        settings: FirestoreStoreBuilder,
        peer: PeerState,
        admission: Option<Admission>,
    ) -> Self {
        let store = settings.connect().await.unwrap();
        let mut rules = SessionManager::builder(store);
        if let Some(admission) = admission {
            rules = rules.admission(admission);
        }
        let sessions = rules.build();
        Self { sessions, peer }
    }

    pub(crate) async fn try_open(
        &self,
        token: &str,
    ) -> Result<Session, certsession_core::OpenError> {
        let presented = match token {
            "" => Presented::None,
            token => Presented::One(token.as_bytes()),
        };
        self.sessions.open(presented, &self.peer).await
    }

    pub(crate) async fn open(&self, token: &str) -> Session {
        self.try_open(token).await.unwrap()
    }

    /// Commits; the new token, if there is one.
    pub(crate) async fn commit(
        &self,
        session: &mut Session,
    ) -> Result<Option<String>, CommitError> {
        if let Some(pending) = session.begin_commit() {
            session.finish_commit(self.sessions.execute(pending).await)?;
        }
        Ok(match session.take_cookie() {
            Some(CookieChange::Set(token)) => Some(token.expose()),
            _ => None,
        })
    }

    /// A whole request.
    pub(crate) async fn request(
        &self,
        token: &str,
        work: impl FnOnce(&mut Session),
    ) -> Result<Option<String>, CommitError> {
        let mut session = self.open(token).await;
        work(&mut session);
        self.commit(&mut session).await
    }

    pub(crate) async fn sign_in(&self, token: &str) -> Result<Option<String>, CommitError> {
        self.request(token, |session| session.sign_in("alice").unwrap())
            .await
    }

    /// An anonymous session.
    pub(crate) async fn begin(&self) -> String {
        let begun = self.request("", |session| session.insert(&KEY, &0).unwrap());
        begun.await.unwrap().unwrap()
    }

    pub(crate) async fn is_active(&self, token: &str) -> bool {
        self.open(token).await.handle().is_some()
    }

    pub(crate) async fn how_many_are_active(&self, tokens: &[String]) -> usize {
        let active = join_all(tokens.iter().map(|token| self.is_active(token))).await;
        active.into_iter().filter(|is_active| *is_active).count()
    }
}

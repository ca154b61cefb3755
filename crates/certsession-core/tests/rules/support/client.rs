//! A client that makes requests: a certificate and a cookie.

use certsession_core::test_util::block_on;
use certsession_core::{
    CookieChange, Handle, PeerState, Presented, Refusal, Session, SessionError,
};

use super::World;

/// A client that makes requests. A clone has the same certificate and the current cookie.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) peer: PeerState,
    pub(crate) cookie: Option<String>,
}

/// The result of a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) result: Result<(), SessionError>,
    pub(crate) cookie: Option<CookieChange>,
}

impl Client {
    /// A client without a cookie.
    pub(crate) fn of(peer: &PeerState) -> Self {
        let peer = peer.clone();
        Self { peer, cookie: None }
    }

    /// A client with this certificate and the cookie of another client.
    pub(crate) fn with_cookie_of(peer: &PeerState, other: &Self) -> Self {
        let peer = peer.clone();
        let cookie = other.cookie.clone();
        Self { peer, cookie }
    }

    /// Opens the session of a request of this client.
    pub(crate) fn try_open(&self, world: &World) -> Result<Session, SessionError> {
        block_on(world.sessions.open(self.presented(), &self.peer))
    }

    /// Like [`try_open`](Self::try_open), but from a copy of the record if there is one.
    pub(crate) fn try_open_near(&self, world: &World) -> Result<Session, SessionError> {
        block_on(world.sessions.open_near(self.presented(), &self.peer))
    }

    fn presented(&self) -> Presented<'_> {
        match &self.cookie {
            Some(cookie) => Presented::One(cookie.as_bytes()),
            None => Presented::None,
        }
    }

    pub(crate) fn open(&self, world: &World) -> Session {
        self.try_open(world).unwrap()
    }

    /// Why a request of this client is refused.
    pub(crate) fn refusal(&self, world: &World) -> Refusal {
        refusal_of(self.try_open(world))
    }

    /// Runs a whole request that must succeed: open, handler, commit, response.
    pub(crate) fn request(&mut self, world: &World, handler: impl FnOnce(&mut Session)) {
        self.try_request(world, handler).result.unwrap();
    }

    /// Runs a whole request that may fail. The client keeps the cookie that it gets.
    pub(crate) fn try_request(
        &mut self,
        world: &World,
        handler: impl FnOnce(&mut Session),
    ) -> Answer {
        let mut session = self.open(world);
        handler(&mut session);
        self.finish(world, &mut session)
    }

    /// Commits, and takes the cookie of the response.
    pub(crate) fn finish(&mut self, world: &World, session: &mut Session) -> Answer {
        let result = commit(world, session);
        let cookie = session.take_cookie();
        match &cookie {
            Some(CookieChange::Set(token) | CookieChange::SetFor(token, _)) => {
                self.cookie = Some(token.expose());
            }
            Some(CookieChange::Remove) => self.cookie = None,
            None => {}
        }
        Answer { result, cookie }
    }

    /// A client that has begun a session by signing in.
    pub(crate) fn signed_in(world: &World, peer: &PeerState, principal: &str) -> Self {
        let mut client = Self::of(peer);
        client.request(world, |session| session.sign_in(principal).unwrap());
        client
    }

    /// The session of this client's cookie, without changing anything; `None` if there is none.
    pub(crate) fn handle(&self, world: &World) -> Option<Handle> {
        self.open(world).handle()
    }

    pub(crate) fn principal(&self, world: &World) -> Option<String> {
        let session = self.open(world);
        session.principal().map(|who| who.as_str().to_owned())
    }
}

impl Answer {
    /// Whether the client got a new token.
    pub(crate) fn has_token(&self) -> bool {
        matches!(
            self.cookie,
            Some(CookieChange::Set(_) | CookieChange::SetFor(..))
        )
    }

    pub(crate) fn removes_cookie(&self) -> bool {
        matches!(self.cookie, Some(CookieChange::Remove))
    }
}

/// The reason why the request was refused.
pub(crate) fn refusal_of(opened: Result<Session, SessionError>) -> Refusal {
    match opened {
        Err(SessionError::Refused(reason)) => reason,
        other => panic!("it must be refused: {other:?}"),
    }
}

/// Commits as an adapter does at the end of a request.
pub(crate) fn commit(world: &World, session: &mut Session) -> Result<(), SessionError> {
    match session.begin_commit() {
        Some(pending) => {
            let result = block_on(world.sessions.execute(pending));
            session.finish_commit(result)
        }
        None => Ok(()),
    }
}

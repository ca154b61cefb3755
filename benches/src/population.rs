//! A store full of sessions, through the public API only.

use std::error::Error;
use std::fmt;

use certsession_core::{
    CookieChange, Handle, Key, PeerState, Presented, Session, SessionManager, SessionStore, Token,
};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::{Clients, contents};

/// How many sessions begin concurrently.
const AT_ONCE: usize = 64;

/// A store full of sessions of six keys (500 bytes), each signed in as a different principal and
/// with a certificate of its own.
pub struct Population<S> {
    manager: SessionManager<S>,
    clients: Clients,
    tokens: Vec<[u8; Token::TEXT_LENGTH]>,
}

/// The client of a request: a session's token, and a connection.
pub struct Client {
    token: [u8; Token::TEXT_LENGTH],
    peer: PeerState,
}

impl<S: SessionStore> Population<S> {
    /// Begins this many sessions.
    ///
    /// # Errors
    ///
    /// If one of them cannot begin.
    pub async fn begin(manager: SessionManager<S>, count: usize) -> Result<Self, Box<dyn Error>> {
        let mut population = Self {
            manager,
            clients: Clients::new(false)?,
            tokens: Vec::new(),
        };
        let beginning = (0..count).map(|number| population.begin_one(number));
        let beginning = stream::iter(beginning).buffered(AT_ONCE);
        population.tokens = beginning.try_collect().await?;
        Ok(population)
    }

    async fn begin_one(&self, number: usize) -> Result<[u8; Token::TEXT_LENGTH], Box<dyn Error>> {
        let mut session = self.prepare(number).await?;
        commit(&self.manager, &mut session).await?;
        new_token(&mut session)
    }

    /// Prepares a session of the client with this number, which a commit will begin.
    ///
    /// # Errors
    ///
    /// If it is refused.
    pub async fn prepare(&self, number: usize) -> Result<Session, Box<dyn Error>> {
        let peer = self.clients.peer(number)?;
        let mut session = self.manager.open(Presented::None, &peer).await?;
        session.sign_in(format!("principal-{number:08}"))?;
        for (key, value) in contents() {
            session.insert(&Key::<String>::named(key), &value)?;
        }
        Ok(session)
    }

    /// Replaces the session of this client with one that has just begun.
    ///
    /// # Errors
    ///
    /// If it has no new token.
    pub fn replace(&mut self, number: usize, mut begun: Session) -> Result<(), Box<dyn Error>> {
        self.tokens[number] = new_token(&mut begun)?;
        Ok(())
    }

    /// The client with this number.
    ///
    /// # Errors
    ///
    /// If its certificate does not parse.
    pub fn client(&self, number: usize) -> Result<Client, Box<dyn Error>> {
        Ok(Client {
            token: self.tokens[number],
            peer: self.clients.peer(number)?,
        })
    }

    /// The rules over the store.
    pub const fn manager(&self) -> &SessionManager<S> {
        &self.manager
    }
}

impl Client {
    /// The content of its cookie.
    pub const fn presented(&self) -> Presented<'_> {
        Presented::One(&self.token)
    }

    /// The peer of its connection.
    pub const fn peer(&self) -> &PeerState {
        &self.peer
    }

    /// Its session.
    ///
    /// # Errors
    ///
    /// If its cookie is not a token.
    pub fn handle(&self) -> Result<Handle, Box<dyn Error>> {
        Ok(Token::parse(&self.token)?.handle())
    }
}

/// Commits the changes of a session, like the end of a request.
///
/// # Errors
///
/// If there are no changes, or the store fails.
pub async fn commit<S: SessionStore>(
    manager: &SessionManager<S>,
    session: &mut Session,
) -> Result<(), Box<dyn Error>> {
    let pending = session.begin_commit().ok_or("there are no changes")?;
    let result = manager.execute(pending).await;
    Ok(session.finish_commit(result)?)
}

fn new_token(session: &mut Session) -> Result<[u8; Token::TEXT_LENGTH], Box<dyn Error>> {
    match session.take_cookie() {
        Some(CookieChange::Set(token)) => Ok(token.expose().as_bytes().try_into()?),
        _ => Err("a new session came without a token".into()),
    }
}

impl<S> fmt::Debug for Population<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.tokens.len();
        f.debug_struct("Population")
            .field("sessions", &count)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

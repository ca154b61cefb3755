//! Values that wait for one later request: OAuth `state`, a link in an e-mail, a ticket.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Session, SessionError};
use crate::data::{Key, decode};
use crate::nonce::{Nonce, S256_LENGTH, s256};

/// What the names of the keys begin with; the purpose and the hash of the text follow.
const PREFIX: &str = "certsession.once.";

/// How many values of one purpose wait at the same time. One more drops the oldest.
const MOST: usize = 16;

/// A purpose for which values are issued, each of which one later request redeems: once, and not
/// after its time.
///
/// Issuing gives an unguessable text, which comes back with the later request: the `state` of an
/// OAuth 2.0 authorization request (RFC 6749 section 10.12), for example. Several can be under way
/// at the same time, one for each tab. The store keeps a hash of the text, so that a dump of it
/// redeems nothing, with a value that the application wants back.
///
/// ```
/// use certsession_core::{Nonce, OneTime};
/// use serde::{Deserialize, Serialize};
/// use std::time::Duration;
///
/// /// What the callback has to know of the request that led to it.
/// #[derive(Serialize, Deserialize)]
/// struct Attempt {
///     pkce_verifier: Nonce,
///     return_to: String,
/// }
///
/// const OAUTH: OneTime<Attempt> = OneTime::new("oauth", Duration::from_secs(10 * 60));
/// ```
///
/// A sign-in drops what was issued before it, as it drops all data that is not carried.
pub struct OneTime<T> {
    purpose: &'static str,
    max_age: Duration,
    of: PhantomData<fn() -> T>,
}

impl<T> OneTime<T> {
    /// Creates a purpose whose values can be redeemed for this long after they were issued.
    pub const fn new(purpose: &'static str, max_age: Duration) -> Self {
        Self {
            purpose,
            max_age,
            of: PhantomData,
        }
    }

    fn prefix(&self) -> String {
        format!("{PREFIX}{}.", self.purpose)
    }

    /// Whether this is the name of a value of this purpose, among those with its
    /// [prefix](Self::prefix): another purpose may begin with this one and a dot.
    fn is_name(&self, name: &str) -> bool {
        let hash = name.strip_prefix(&*self.prefix());
        hash.is_some_and(|hash| hash.len() == S256_LENGTH)
    }

    fn name(&self, text: &str) -> String {
        format!("{}{}", self.prefix(), s256(text))
    }
}

impl<T> fmt::Debug for OneTime<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OneTime({:?}, {:?})", self.purpose, self.max_age)
    }
}

impl Session {
    /// Issues a value that one later request of this session redeems, and returns the text that
    /// request has to come with. Begins a session if there is none.
    ///
    /// At most 16 values of a purpose wait at the same time: one more drops the oldest.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), and if the random number generator fails.
    pub fn issue<T: Serialize>(
        &mut self,
        one_time: &OneTime<T>,
        value: &T,
    ) -> Result<Nonce, SessionError> {
        let text = Nonce::generate()?;
        let now = self.now();
        let mut waiting: Vec<_> = self
            .entries_under(&one_time.prefix())?
            .into_iter()
            .filter(|(name, _)| one_time.is_name(name))
            .map(|(name, json)| (deadline(&json), name))
            .collect();
        waiting.sort_unstable();
        let expired = waiting.partition_point(|(until, _)| *until <= now.as_millis());
        let excess = (waiting.len() + 1).saturating_sub(MOST);
        waiting.truncate(expired.max(excess));
        for (_, name) in waiting {
            self.remove(&Key::<T>::named(name))?;
        }
        let until = (now + one_time.max_age).as_millis();
        self.write(one_time.name(text.as_str()).into(), &(until, value))?;
        Ok(text)
    }

    /// Redeems the value that was issued with this text: of parallel requests exactly one gets it,
    /// and none after its time.
    ///
    /// **The value is this request's only when the commit has succeeded**, as with
    /// [`take_once`](Self::take_once).
    ///
    /// # Errors
    ///
    /// As [`take_once`](Self::take_once).
    pub fn redeem<T: DeserializeOwned>(
        &mut self,
        one_time: &OneTime<T>,
        text: &str,
    ) -> Result<Option<T>, SessionError> {
        let now = self.now().as_millis();
        let key: Key<(u64, T)> = Key::named(one_time.name(text));
        let waiting = self.take_once(&key)?;
        Ok(waiting.and_then(|(until, value)| (now < until).then_some(value)))
    }
}

/// Until when a stored value can be redeemed; zero if it cannot be read.
fn deadline(json: &[u8]) -> u64 {
    let key: Key<(u64, serde::de::IgnoredAny)> = Key::new("");
    decode(&key, json).map_or(0, |(until, _)| until)
}

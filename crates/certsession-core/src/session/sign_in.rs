//! A sign-in: the principal, and the keys that the session keeps.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::SessionError;
use crate::data::Key;
use crate::details::{MOST_NAMES, SignInDetails};
use crate::lifetimes::Lifetimes;
use crate::names::{AuthMethod, Role};
use crate::principal::Principal;

/// A sign-in: the principal, and the keys whose values the session keeps.
///
/// All other data of the session is dropped: another person may have written it before the sign-in,
/// and it must not act in the principal's name.
///
/// ```
/// use certsession_core::{Key, SignIn};
///
/// const CART: Key<Vec<u32>> = Key::new("cart");
/// let sign_in = SignIn::principal("alice").carry(&CART);
/// ```
#[derive(Clone, Debug)]
pub struct SignIn {
    pub(super) principal: String,
    pub(super) carried: BTreeSet<Cow<'static, str>>,
    methods: Vec<AuthMethod>,
    roles: Vec<String>,
    actor: Option<String>,
    lifetimes: Option<Lifetimes>,
    is_persistent: bool,
}

impl SignIn {
    /// Creates a sign-in that keeps no keys.
    pub fn principal(name: impl Into<String>) -> Self {
        Self {
            principal: name.into(),
            carried: BTreeSet::new(),
            methods: Vec::new(),
            roles: Vec::new(),
            actor: None,
            lifetimes: None,
            is_persistent: false,
        }
    }

    /// Keeps the value of this key, if there is one.
    #[must_use]
    pub fn carry<T>(mut self, key: &Key<T>) -> Self {
        self.carried.insert(key.to_name());
        self
    }

    /// Records how the principal authenticated; call it once for each method. By default nothing is
    /// recorded but the time.
    #[must_use]
    pub fn method(mut self, method: AuthMethod) -> Self {
        self.methods.push(method);
        self
    }

    /// Gives the principal a role, for as long as it is signed in. A change of roles during a
    /// session is [`Session::set_roles`](crate::Session::set_roles).
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Names who really acts in the principal's name: an administrator who looks at a user's
    /// account. The session keeps the name, and an event says so.
    #[must_use]
    pub fn acting(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// Sets lifetimes of its own for this sign-in, in place of the rules': both timeouts hold, and
    /// the session ends with its certificate all the same. Default: the rules' lifetimes.
    #[must_use]
    pub const fn lifetimes(mut self, lifetimes: Lifetimes) -> Self {
        self.lifetimes = Some(lifetimes);
        self
    }

    /// Lets the cookie outlive the browser ("remember me"): it has a `Max-Age`, up to the absolute
    /// deadline of the session. Who uses the device later, with the same certificate, is signed in
    /// then. Default: the cookie goes when the browser is closed.
    #[must_use]
    pub const fn persistent(mut self) -> Self {
        self.is_persistent = true;
        self
    }

    /// What it says beyond the principal; `None` if nothing.
    pub(super) fn details(&self) -> Result<Option<SignInDetails>, SessionError> {
        if self.methods.len().max(self.roles.len()) > MOST_NAMES {
            return Err(SessionError::TooManyNames { max: MOST_NAMES });
        }
        let roles = self.roles.iter().map(Role::new);
        let actor = self.actor.as_deref().map(Principal::new).transpose()?;
        let details = SignInDetails {
            methods: self.methods.clone().into(),
            roles: roles.collect::<Result<_, _>>()?,
            actor,
            lifetimes: self.lifetimes,
            is_persistent: self.is_persistent,
        };
        Ok((details != SignInDetails::default()).then_some(details))
    }
}

impl From<&str> for SignIn {
    fn from(name: &str) -> Self {
        Self::principal(name)
    }
}

impl From<String> for SignIn {
    fn from(name: String) -> Self {
        Self::principal(name)
    }
}

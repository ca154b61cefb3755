//! A sign-in: the principal, and the keys that the session keeps.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::data::Key;

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
}

impl SignIn {
    /// Creates a sign-in that keeps no keys.
    pub fn principal(name: impl Into<String>) -> Self {
        Self {
            principal: name.into(),
            carried: BTreeSet::new(),
        }
    }

    /// Keeps the value of this key, if there is one.
    #[must_use]
    pub fn carry<T>(mut self, key: &Key<T>) -> Self {
        self.carried.insert(key.to_name());
        self
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

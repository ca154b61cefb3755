//! Who signs in, and what the session keeps.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::data::Key;

/// Who signs in, and which keys come along from the session before.
///
/// Everything else that the session held is dropped: what somebody else may have put there
/// before the sign-in must not act in the principal's name.
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
    /// A sign-in that carries nothing along.
    pub fn principal(name: impl Into<String>) -> Self {
        Self {
            principal: name.into(),
            carried: BTreeSet::new(),
        }
    }

    /// Carries this key's value along, if there is one.
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

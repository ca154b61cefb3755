//! Whether a session may begin without a certificate.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::data::Key;

/// Whether a session may begin without a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificatePolicy {
    /// Every session is bound to a certificate from its beginning. The default.
    #[default]
    Required,
    /// A session may begin without one. The first certificate that is presented binds it.
    BindWhenPresent(BindWhenPresent),
}

/// Lets a session begin without a certificate: an anonymous one, for a cart or a language.
///
/// The first certificate that is presented with its current token binds it, before the handler
/// runs. In the same atomic step it gets a new token, the token before it becomes invalid, without
/// a grace period, and its data is dropped except for the keys that [`carry`](Self::carry) names:
/// another person may have written it, and planted the token. From then on the session is bound for
/// good. No principal signs in without a certificate.
///
/// Until it is bound, the token alone opens it: keep nothing in it that a thief of the cookie must
/// not read.
///
/// The TLS configuration has to let clients without a certificate connect. A certificate that is
/// rejected is refused, as always: it does not count as none.
///
/// ```
/// use certsession_core::{BindWhenPresent, Key};
///
/// const CART: Key<Vec<u32>> = Key::new("cart");
/// let policy = BindWhenPresent::new().carry(&CART);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BindWhenPresent {
    pub(crate) carried: BTreeSet<Cow<'static, str>>,
}

impl BindWhenPresent {
    /// Carries no keys over.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the value of this key, if there is one, when the session is bound.
    #[must_use]
    pub fn carry<T>(mut self, key: &Key<T>) -> Self {
        self.carried.insert(key.to_name());
        self
    }
}

impl From<BindWhenPresent> for CertificatePolicy {
    fn from(policy: BindWhenPresent) -> Self {
        Self::BindWhenPresent(policy)
    }
}

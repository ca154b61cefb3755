//! A key name and the type of its value.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// What the names of the framework's own keys begin with.
const RESERVED_PREFIX: &str = "certsession.";

/// A key of the session's data, and the type of its value.
///
/// Declare each key once, as a constant, so that no two handlers can disagree about its type.
///
/// ```
/// use certsession_core::Key;
///
/// const CART: Key<Vec<u32>> = Key::new("cart");
/// assert_eq!(CART.name(), "cart");
/// ```
///
/// # Reserved names
///
/// Names that begin with `certsession.` are the framework's own: it keeps flash messages and
/// one-time values under them. They can be read and removed, but not written.
pub struct Key<T> {
    name: Cow<'static, str>,
    // `fn() -> T` and not `T`: a key holds no value, so it is `Send` and `Sync` for every `T`.
    of: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// Creates the key with this name.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            of: PhantomData,
        }
    }

    /// Creates a key whose name is known only at run time.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: Cow::Owned(name.into()),
            of: PhantomData,
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the name is one of the framework's own.
    pub(crate) fn is_reserved(&self) -> bool {
        self.name.starts_with(RESERVED_PREFIX)
    }

    pub(crate) fn to_name(&self) -> Cow<'static, str> {
        self.name.clone()
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            of: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key<{}>({:?})", std::any::type_name::<T>(), self.name)
    }
}

//! Short names that the application gives: how someone authenticated, what someone may do.

use std::borrow::{Borrow, Cow};
use std::fmt;

/// The longest name, in bytes.
pub(crate) const MAX_LENGTH: usize = 64;

/// A name that is empty, longer than 64 bytes or not of printable ASCII characters without spaces.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a valid name: use 1 to 64 printable ASCII characters without spaces")]
pub struct InvalidName {
    name: String,
}

pub(crate) fn check(name: &str) -> Result<(), InvalidName> {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_graphic());
    if name.is_empty() || name.len() > MAX_LENGTH || !is_plain {
        let name = name.chars().take(MAX_LENGTH).collect();
        return Err(InvalidName { name });
    }
    Ok(())
}

macro_rules! short_name {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Cow<'static, str>);

        impl $name {
            /// Creates one of this name.
            ///
            /// # Errors
            ///
            /// If the name is empty, longer than 64 bytes or not of printable ASCII characters
            /// without spaces.
            pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
                let name = name.into();
                check(&name)?;
                Ok(Self(name.into()))
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &*self.0)
            }
        }
    };
}

short_name! {
    /// How a principal authenticated: an authentication method reference (RFC 8176), or a name of
    /// the application's own.
    ///
    /// ```
    /// use certsession_core::AuthMethod;
    ///
    /// assert_eq!(AuthMethod::PASSWORD.as_str(), "pwd");
    /// let passkey = AuthMethod::new("passkey")?;
    /// # Ok::<(), certsession_core::InvalidName>(())
    /// ```
    AuthMethod
}

short_name! {
    /// What a principal may do, by the name that the application gives it: `admin`, `orders:write`.
    Role
}

impl AuthMethod {
    /// A password, `pwd` in RFC 8176.
    pub const PASSWORD: Self = Self(Cow::Borrowed("pwd"));
    /// A one-time password, `otp` in RFC 8176.
    pub const ONE_TIME_PASSWORD: Self = Self(Cow::Borrowed("otp"));
    /// Proof of possession of a key in software, `swk` in RFC 8176: a client certificate.
    pub const SOFTWARE_KEY: Self = Self(Cow::Borrowed("swk"));
    /// Proof of possession of a key in hardware, `hwk` in RFC 8176: a smart card, a security key.
    pub const HARDWARE_KEY: Self = Self(Cow::Borrowed("hwk"));
    /// A test that a user is present, `user` in RFC 8176.
    pub const USER_PRESENCE: Self = Self(Cow::Borrowed("user"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        for good in ["a", "orders:write", &"x".repeat(64)] {
            assert_eq!(Role::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a\n", "é", &"x".repeat(65)] {
            assert!(Role::new(bad).is_err(), "{bad:?}");
        }
    }
}

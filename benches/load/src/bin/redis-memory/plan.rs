//! The content of the sessions.

use std::fmt;

/// The content of the sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Six keys, 500 bytes.
    pub(crate) with_data: bool,
    /// Whether each is signed in as a different principal.
    pub(crate) signed_in: bool,
}

impl Plan {
    pub(crate) const ALL: [Self; 4] = [
        Self::new(false, false),
        Self::new(false, true),
        Self::new(true, false),
        Self::new(true, true),
    ];

    const fn new(with_data: bool, signed_in: bool) -> Self {
        Self {
            with_data,
            signed_in,
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.with_data {
            "six keys, 500 bytes"
        } else {
            "empty"
        })?;
        f.write_str(if self.signed_in {
            ", signed in"
        } else {
            ", anonymous"
        })
    }
}

/// The principal of a session.
pub(crate) fn principal(number: usize) -> String {
    format!("principal-{number:08}")
}

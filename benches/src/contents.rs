//! The content of the sessions, and the cookie of a client without one.

/// Six keys with the lengths of their values: with names, quotes and lengths they take a block of
/// 500 bytes.
pub const KEYS: [(&str, usize); 6] = [
    ("cart", 73),
    ("history", 73),
    ("locale", 73),
    ("notice", 73),
    ("profile", 73),
    ("theme", 76),
];

/// The keys with values of these lengths.
pub fn contents() -> impl Iterator<Item = (&'static str, String)> {
    KEYS.into_iter()
        .map(|(key, length)| (key, "x".repeat(length)))
}

/// `name=value`, as long as with one of our tokens: for clients without a session, so that
/// candidates without sessions read the same number of bytes as the others.
pub fn stand_in_cookie() -> String {
    format!("__Host-session={}", "x".repeat(64))
}

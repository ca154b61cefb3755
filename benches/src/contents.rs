//! What the sessions hold, and what a client shows before it has one.

/// Six keys with the lengths of their values: with names, quotes and lengths they make a block
/// of 500 bytes.
pub const KEYS: [(&str, usize); 6] = [
    ("cart", 73),
    ("history", 73),
    ("locale", 73),
    ("notice", 73),
    ("profile", 73),
    ("theme", 76),
];

/// The keys with values of those lengths.
pub fn contents() -> impl Iterator<Item = (&'static str, String)> {
    KEYS.into_iter()
        .map(|(key, length)| (key, "x".repeat(length)))
}

/// `name=value`, as long as with a token of ours: for clients that have no session, so that
/// candidates without sessions read as much as the others.
pub fn stand_in_cookie() -> String {
    format!("__Host-session={}", "x".repeat(64))
}

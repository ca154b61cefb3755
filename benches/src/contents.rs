//! What the sessions hold.

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

//! How long the server keeps a key.

use std::time::Duration;

/// The longest time for which the server keeps a key; it takes no arbitrarily long ones.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A time to live in milliseconds, as the server takes it: it refuses zero.
pub(crate) fn millis_to_live(lifetime: Duration) -> u64 {
    let millis = lifetime.min(LONGEST).as_millis();
    u64::try_from(millis).unwrap_or(u64::MAX).max(1)
}

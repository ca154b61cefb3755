//! The time to live of a key.

use std::time::Duration;

/// The longest time to live that is requested: the server does not accept arbitrarily long ones.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A time to live in milliseconds, as the server accepts it: it rejects zero.
pub(crate) fn millis_to_live(lifetime: Duration) -> u64 {
    let millis = lifetime.min(LONGEST).as_millis();
    u64::try_from(millis).unwrap_or(u64::MAX).max(1)
}

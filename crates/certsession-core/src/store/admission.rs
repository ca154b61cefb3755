//! How many sessions a principal may have.

use std::num::NonZeroU32;

/// How many sessions a principal may have at the same time, and what happens beyond the limit.
///
/// ```
/// use certsession_core::{Admission, OnLimit};
/// use std::num::NonZeroU32;
///
/// let five = NonZeroU32::new(5).expect("five is not zero");
/// let admission = Admission::at_most(five).on_limit(OnLimit::Refuse);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    limit: NonZeroU32,
    on_limit: OnLimit,
}

/// What happens when a principal at the limit signs in again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnLimit {
    /// The oldest session ends.
    #[default]
    EvictOldest,
    /// The sign-in fails.
    Refuse,
}

impl Admission {
    /// Allows at most `limit` sessions; one more ends the oldest.
    pub const fn at_most(limit: NonZeroU32) -> Self {
        Self {
            limit,
            on_limit: OnLimit::EvictOldest,
        }
    }

    /// Sets what happens beyond the limit. Default: [`OnLimit::EvictOldest`].
    #[must_use]
    pub const fn on_limit(self, on_limit: OnLimit) -> Self {
        Self { on_limit, ..self }
    }

    /// How many sessions a principal may have.
    pub const fn limit(&self) -> NonZeroU32 {
        self.limit
    }

    /// Whether one session more ends the oldest, and is not refused.
    pub fn evicts(&self) -> bool {
        self.on_limit == OnLimit::EvictOldest
    }

    /// How many of a principal's `others` (the live sessions without the one to be admitted) must
    /// end before one more is admitted; `None` if it is refused.
    pub fn excess(&self, others: usize) -> Option<usize> {
        let excess = (others + 1).saturating_sub(self.limit.get() as usize);
        match self.on_limit {
            OnLimit::EvictOldest => Some(excess),
            OnLimit::Refuse => (excess == 0).then_some(0),
        }
    }
}

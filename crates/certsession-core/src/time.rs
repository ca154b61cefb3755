//! Time as the rules see it: milliseconds since the Unix epoch, read from a [`Clock`].

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time, in milliseconds since the Unix epoch.
///
/// Sessions are shared between machines, so deadlines are wall-clock times, not process-local
/// instants. Arithmetic saturates: a deadline can neither wrap around nor panic.
///
/// ```
/// use certsession_core::Timestamp;
/// use std::time::Duration;
///
/// let start = Timestamp::from_millis(1_000);
/// assert_eq!(start + Duration::from_secs(1), Timestamp::from_millis(2_000));
/// assert_eq!(start.to_string(), "1970-01-01T00:00:01.000Z");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The latest point in time: a deadline that never comes.
    pub const MAX: Self = Self(u64::MAX);

    /// Creates the point in time that is `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The time as RFC 3339 text, in UTC and with milliseconds, as `Display` shows it:
    /// `2027-01-15T08:00:00.000Z`. RFC 3339 has no year after 9999, so that anything later is
    /// shown as its last moment.
    pub fn to_rfc3339(self) -> String {
        self.to_string()
    }

    /// The duration since `earlier`; zero if `earlier` is later.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

/// Like `Duration::as_millis`, but without its 128-bit arithmetic: each request calls this several
/// times.
fn millis(duration: Duration) -> u64 {
    let whole = duration.as_secs().saturating_mul(1_000);
    whole.saturating_add(duration.subsec_millis().into())
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0.min(LAST_OF_9999);
        let (year, month, day) = civil_from_days(time / MILLIS_PER_DAY);
        let (seconds, millis) = (time % MILLIS_PER_DAY / 1_000, time % 1_000);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
        )
    }
}

const MILLIS_PER_DAY: u64 = 24 * 60 * 60 * 1_000;

/// 9999-12-31T23:59:59.999Z.
const LAST_OF_9999: u64 = 253_402_300_799_999;

/// The date of a day after the Unix epoch, by Howard Hinnant's `civil_from_days`: years are
/// counted from March, so that a leap day is the last of its year, in eras of 400 years.
const fn civil_from_days(days: u64) -> (u64, u64, u64) {
    const DAYS_PER_ERA: u64 = 146_097;
    let since_era_zero = days + 719_468;
    let (era, day) = (since_era_zero / DAYS_PER_ERA, since_era_zero % DAYS_PER_ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / (DAYS_PER_ERA - 1)) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let (month, next_year) = match month_from_march {
        0..10 => (month_from_march + 3, 0),
        _ => (month_from_march - 9, 1),
    };
    (era * 400 + year + next_year, month, day_of_month)
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// A source of time for the rules.
///
/// Production code uses [`SystemClock`]; tests use a clock that they set, so that no test has to
/// wait for something to expire.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> Timestamp;
}

impl<C: Clock> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The operating system's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    /// The current time; the Unix epoch if the system's clock is set to an earlier time.
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(millis(since_epoch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_jiff(millis: u64) -> String {
        let time = jiff::Timestamp::from_millisecond(millis.try_into().unwrap()).unwrap();
        time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }

    #[test]
    fn the_first_and_the_last_moment_of_the_calendar_are_shown() {
        let shown = |millis| Timestamp::from_millis(millis).to_rfc3339();
        assert_eq!(shown(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(shown(1_800_000_000_007), "2027-01-15T08:00:00.007Z");
        assert_eq!(shown(LAST_OF_9999), "9999-12-31T23:59:59.999Z");
        assert_eq!(shown(LAST_OF_9999 + 1), "9999-12-31T23:59:59.999Z");
        assert_eq!(shown(u64::MAX), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn every_day_of_six_centuries_is_shown_as_by_a_library() {
        for day in 0..220_000 {
            let millis = day * MILLIS_PER_DAY + day;
            let shown = Timestamp::from_millis(millis).to_rfc3339();
            assert_eq!(shown, by_jiff(millis));
        }
    }

    proptest! {
        // jiff ends 26 hours before the calendar, to leave room for every offset.
        #[test]
        fn any_time_is_shown_as_by_a_library(millis in 0..LAST_OF_9999 - 2 * MILLIS_PER_DAY) {
            let shown = Timestamp::from_millis(millis).to_rfc3339();
            prop_assert_eq!(&shown, &by_jiff(millis));
            let parsed: jiff::Timestamp = shown.parse().unwrap();
            prop_assert_eq!(parsed.as_millisecond(), i64::try_from(millis).unwrap());
        }
    }
}

//! When a certificate begins and ends.

use time::OffsetDateTime;

use crate::Error;

/// How far in the past a certificate begins by default: a machine whose clock is slow by less than
/// this accepts it at once.
const CLOCK_SKEW_SECONDS: i64 = 5 * 60;
const DAY_SECONDS: i64 = 24 * 60 * 60;
const MAX_DAYS: u32 = 36_500;

/// The requested beginning and end of a certificate.
#[derive(Clone, Debug)]
pub(crate) struct Validity {
    pub(crate) not_before: Option<i64>,
    pub(crate) end: End,
}

/// The end of a certificate; the last setting applies.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// This many days after the beginning.
    Days(u32),
    /// In seconds since the Unix epoch.
    At(i64),
}

impl Validity {
    pub(crate) fn days(days: u32) -> Self {
        Self {
            not_before: None,
            end: End::Days(days),
        }
    }

    /// The first and the last moment of validity.
    pub(crate) fn resolve(&self) -> Result<(OffsetDateTime, OffsetDateTime), Error> {
        let not_before = self
            .not_before
            .unwrap_or_else(|| unix_now() - CLOCK_SKEW_SECONDS);
        let not_after = match self.end {
            End::At(unix_seconds) => unix_seconds,
            End::Days(days @ 1..=MAX_DAYS) => {
                not_before.saturating_add(i64::from(days) * DAY_SECONDS)
            }
            End::Days(days) => return Err(Error::InvalidDays { days }),
        };
        let moments = (date_time(not_before)?, date_time(not_after)?);
        if not_after < not_before {
            return Err(Error::EndsBeforeItBegins {
                not_before,
                not_after,
            });
        }
        Ok(moments)
    }
}

/// The operating system's wall clock, in seconds since the Unix epoch.
pub(crate) fn unix_now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// Years before 1970 are rejected: parsers disagree about two-digit years.
pub(crate) fn date_time(unix_seconds: i64) -> Result<OffsetDateTime, Error> {
    OffsetDateTime::from_unix_timestamp(unix_seconds)
        .ok()
        .filter(|_| unix_seconds >= 0)
        .ok_or(Error::InvalidTime { unix_seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(not_before: i64, end: End) -> Result<(i64, i64), Error> {
        let validity = Validity {
            not_before: Some(not_before),
            end,
        };
        let (not_before, not_after) = validity.resolve()?;
        Ok((not_before.unix_timestamp(), not_after.unix_timestamp()))
    }

    #[test]
    fn days_count_from_the_beginning() {
        assert_eq!(resolve(1_000, End::Days(2)).unwrap(), (1_000, 173_800));
        assert_eq!(resolve(1_000, End::At(1_000)).unwrap(), (1_000, 1_000));
    }

    #[test]
    fn a_certificate_begins_five_minutes_ago_by_default() {
        let before = unix_now();
        let (not_before, _) = Validity::days(1).resolve().unwrap();
        let after = unix_now();
        let begins = not_before.unix_timestamp();
        assert!((before - 300..=after - 300).contains(&begins), "{begins}");
    }

    #[test]
    fn no_days_and_absurd_days_are_refused() {
        for days in [0, 36_501, u32::MAX] {
            let error = resolve(1_000, End::Days(days)).unwrap_err();
            assert!(error.to_string().contains(&days.to_string()), "{error}");
        }
    }

    #[test]
    fn times_that_a_certificate_cannot_state_are_refused() {
        for unix_seconds in [i64::MIN, -1, 253_402_300_800, i64::MAX] {
            let error = resolve(unix_seconds, End::Days(1)).unwrap_err();
            assert!(matches!(error, Error::InvalidTime { .. }), "{error:?}");
        }
        let error = resolve(1_000, End::At(999)).unwrap_err();
        assert!(
            matches!(error, Error::EndsBeforeItBegins { .. }),
            "{error:?}"
        );
    }
}

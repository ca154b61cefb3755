//! From when to when a certificate is valid.

use std::time::Duration;

use der::DateTime;

use super::CertificateError;
use super::element::{Element, tag};
use crate::time::Timestamp;

/// Why a certificate is not valid at a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValidityError {
    /// Its notBefore is still to come.
    #[error("the client certificate is not valid yet: check its notBefore and the clocks")]
    NotYetValid,
    /// Its notAfter has passed.
    #[error("the client certificate has expired: renew it")]
    Expired,
}

/// The two dates of a certificate, both inclusive (RFC 5280 section 4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

impl Validity {
    pub(super) fn parse(
        not_before: Element<'_>,
        not_after: Element<'_>,
    ) -> Result<Self, CertificateError> {
        Ok(Self {
            not_before: timestamp(not_before).ok_or(CertificateError::Malformed {
                what: "the date notBefore",
            })?,
            not_after: timestamp(not_after).ok_or(CertificateError::Malformed {
                what: "the date notAfter",
            })?,
        })
    }

    pub(super) fn check(&self, now: Timestamp) -> Result<(), ValidityError> {
        if now < self.not_before {
            Err(ValidityError::NotYetValid)
        } else if now > self.not_after {
            Err(ValidityError::Expired)
        } else {
            Ok(())
        }
    }
}

/// Reads a `Time`: `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`, the only forms that RFC 5280 sections
/// 4.1.2.5.1 and 4.1.2.5.2 allow. Dates before 1970 become the Unix epoch.
///
/// The types of the `der` crate refuse such dates, so it is the calendar alone that it lends.
pub(crate) fn timestamp(time: Element<'_>) -> Option<Timestamp> {
    let (year, rest) = match time.tag {
        tag::UTC_TIME => {
            let (digits, rest) = time.contents.split_at_checked(2)?;
            let year = number(digits)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        tag::GENERALIZED_TIME => {
            let (digits, rest) = time.contents.split_at_checked(4)?;
            (number(digits)?, rest)
        }
        _ => return None,
    };
    let &[m1, m2, d1, d2, hour1, hour2, min1, min2, s1, s2, b'Z'] = rest else {
        return None;
    };
    let two = |digits: [u8; 2]| u8::try_from(number(&digits)?).ok();

    // The calendar repeats after 400 years: a date before the epoch is judged by a later year
    // of the same shape.
    let before_epoch = year < 1970;
    let date = DateTime::new(
        if before_epoch { year + 2000 } else { year },
        two([m1, m2])?,
        two([d1, d2])?,
        two([hour1, hour2])?,
        two([min1, min2])?,
        two([s1, s2])?,
    )
    .ok()?;
    let since_epoch = if before_epoch {
        Duration::ZERO
    } else {
        date.unix_duration()
    };
    Some(Timestamp::from_millis(0) + since_epoch)
}

/// The number that up to four decimal digits make.
fn number(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0, |number: u16, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u16::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Option<u64> {
        millis(tag::UTC_TIME, text)
    }

    fn generalized(text: &str) -> Option<u64> {
        millis(tag::GENERALIZED_TIME, text)
    }

    fn millis(tag: u8, text: &str) -> Option<u64> {
        let contents = text.as_bytes();
        timestamp(Element {
            tag,
            contents,
            whole: contents,
        })
        .map(Timestamp::as_millis)
    }

    #[test]
    fn both_forms_of_a_date_are_read() {
        assert_eq!(utc("700101000000Z"), Some(0));
        assert_eq!(utc("491231235959Z"), Some(2_524_607_999_000));
        assert_eq!(generalized("20500101000000Z"), Some(2_524_608_000_000));
        assert_eq!(generalized("20000229000000Z"), Some(951_782_400_000));
        assert_eq!(generalized("99991231235959Z"), Some(253_402_300_799_000));
    }

    #[test]
    fn a_date_before_1970_becomes_the_epoch() {
        assert_eq!(utc("500101000000Z"), Some(0));
        assert_eq!(utc("680229120000Z"), Some(0));
        assert_eq!(generalized("00000101000000Z"), Some(0));
        assert_eq!(generalized("19691231235959Z"), Some(0));
    }

    #[test]
    fn what_is_no_date_or_not_of_the_profile_is_refused() {
        for text in [
            "",
            "Z",
            "7001010000Z",
            "700101000000",
            "700101000000+0000",
            "700101000000.5Z",
            "701301000000Z",
            "700100000000Z",
            "690229000000Z",
            "700101240000Z",
            "70010100000\u{661}",
            "-70101000000Z",
        ] {
            assert_eq!(utc(text), None, "{text}");
        }
        assert_eq!(generalized("700101000000Z"), None);
        assert_eq!(generalized("20230229000000Z"), None);
        assert_eq!(millis(tag::IA5_STRING, "700101000000Z"), None);
    }

    #[test]
    fn both_dates_are_inclusive() {
        let validity = Validity {
            not_before: Timestamp::from_millis(1_000),
            not_after: Timestamp::from_millis(2_000),
        };
        let at = |millis| validity.check(Timestamp::from_millis(millis));
        assert_eq!(at(999), Err(ValidityError::NotYetValid));
        assert_eq!(at(1_000), Ok(()));
        assert_eq!(at(2_000), Ok(()));
        assert_eq!(at(2_001), Err(ValidityError::Expired));
    }
}

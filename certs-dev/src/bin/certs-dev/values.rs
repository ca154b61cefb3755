//! Parsers for numbers and times on the command line.

use ::time::format_description::well_known::Rfc3339;
use ::time::{Duration, OffsetDateTime};

/// The bytes of a serial number. This is a type of its own, because clap treats a bare `Vec` as an
/// argument that may be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Serial(pub(crate) Vec<u8>);

/// Why a value is invalid.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidValue {
    #[error("a serial number is hexadecimal, such as 2a or 0x01f4")]
    Serial,
    #[error("a time is RFC 3339, such as 2026-01-31T12:00:00Z, or relative to now, such as -2d")]
    Time,
}

/// Parses hexadecimal digits, with or without `0x`; an odd number of digits gets a leading zero.
pub(crate) fn serial(text: &str) -> Result<Serial, InvalidValue> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.is_empty() {
        return Err(InvalidValue::Serial);
    }
    let nibbles = digits
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        })
        .collect::<Option<Vec<_>>>()
        .ok_or(InvalidValue::Serial)?;
    let bytes = nibbles
        .rchunks(2)
        .rev()
        .map(|pair| pair.iter().fold(0, |byte, nibble| byte << 4 | nibble))
        .collect();
    Ok(Serial(bytes))
}

/// Parses a time, in seconds since the Unix epoch.
pub(crate) fn time(text: &str) -> Result<i64, InvalidValue> {
    let moment = if text.starts_with(['+', '-']) {
        from_now(text)
    } else {
        OffsetDateTime::parse(text, &Rfc3339).ok()
    };
    moment
        .map(OffsetDateTime::unix_timestamp)
        .ok_or(InvalidValue::Time)
}

/// Parses a sign, a number, and one of the units s, m, h and d.
fn from_now(text: &str) -> Option<OffsetDateTime> {
    let (unit_at, unit) = text.char_indices().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let count: i64 = text[..unit_at].parse().ok()?;
    OffsetDateTime::now_utc().checked_add(Duration::seconds(count.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_keeps_its_leading_zeros_and_gets_one_if_odd() {
        assert_eq!(serial("00ff"), Ok(Serial(vec![0x00, 0xff])));
        assert_eq!(serial("0x1F4"), Ok(Serial(vec![0x01, 0xf4])));
        assert_eq!(serial("0"), Ok(Serial(vec![0])));
    }

    #[test]
    fn a_value_that_is_not_hexadecimal_is_not_a_serial() {
        for text in ["", "0x", "xyz", "-1", "1 2", "é"] {
            assert_eq!(serial(text), Err(InvalidValue::Serial), "{text:?}");
        }
    }

    #[test]
    fn a_time_is_absolute_with_an_offset_or_from_now() {
        assert_eq!(time("1970-01-01T01:00:00+01:00"), Ok(0));
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let two_days_ago = time("-2d").unwrap();
        assert!((now - 172_800..=now - 172_790).contains(&two_days_ago));
        assert!(time("+1h").unwrap() > now);
    }

    #[test]
    fn any_other_value_is_not_a_time() {
        for text in [
            "",
            "-",
            "+d",
            "-2",
            "-2w",
            "2d",
            "2026-01-31",
            "-99999999999999999999d",
            "-9999999999999d",
            "-2é",
        ] {
            assert_eq!(time(text), Err(InvalidValue::Time), "{text:?}");
        }
    }
}

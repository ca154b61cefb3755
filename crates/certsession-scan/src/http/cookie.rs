//! `Set-Cookie`, as it came: nothing is normalised, as attributes are what the checks judge.

use std::time::{SystemTime, UNIX_EPOCH};

/// A `Set-Cookie` line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SetCookie {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) same_site: Option<SameSite>,
    pub(crate) domain: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) max_age: Option<i64>,
    /// `Expires` in seconds since 1970.
    pub(crate) expires: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SameSite {
    Strict,
    Lax,
    None,
    /// A word that browsers do not know, which they take for none given.
    Unknown,
}

impl SetCookie {
    /// Reads a line as browsers do (RFC 6265bis, 5.6). None where it sets no cookie.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split(';');
        let pair = parts.next()?;
        let (name, value) = match pair.split_once('=') {
            Some((name, value)) => (name.trim(), value.trim()),
            None => ("", pair.trim()),
        };
        if name.is_empty() && value.is_empty() {
            return None;
        }
        let mut cookie = Self {
            name: name.to_owned(),
            value: value.to_owned(),
            ..Self::default()
        };
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "secure" => cookie.secure = true,
                "httponly" => cookie.http_only = true,
                "samesite" => {
                    cookie.same_site = Some(match value.to_ascii_lowercase().as_str() {
                        "strict" => SameSite::Strict,
                        "lax" => SameSite::Lax,
                        "none" => SameSite::None,
                        _ => SameSite::Unknown,
                    });
                }
                "domain" if !value.is_empty() => {
                    cookie.domain = Some(value.trim_start_matches('.').to_ascii_lowercase());
                }
                "path" if value.starts_with('/') => cookie.path = Some(value.to_owned()),
                "max-age" => {
                    if let Ok(seconds) = value.parse() {
                        cookie.max_age = Some(seconds);
                    }
                }
                "expires" => cookie.expires = http_date(value).or(cookie.expires),
                _ => {}
            }
        }
        Some(cookie)
    }

    /// How long a browser keeps it, in seconds; none for a cookie that ends with the browser.
    pub(crate) fn lifetime(&self, now: i64) -> Option<i64> {
        self.max_age
            .or_else(|| self.expires.map(|expires| expires - now))
    }

    pub(crate) fn removes(&self, now: i64) -> bool {
        self.lifetime(now).is_some_and(|seconds| seconds <= 0)
    }
}

/// A cookie's value without its percent escapes, as a query writes its own.
pub(crate) fn decoded(value: &str) -> String {
    let one = value.replace('+', "%2B").replace('&', "%26");
    url::form_urlencoded::parse(format!("v={one}").as_bytes())
        .next()
        .map_or_else(|| value.to_owned(), |(_, value)| value.into_owned())
}

pub(crate) fn unix_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or(0)
}

/// A date in any of the forms that servers write, in seconds since 1970.
pub(crate) fn http_date(text: &str) -> Option<i64> {
    let (mut day, mut month, mut year, mut clock) = (None, None, None, None);
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == ':')) {
        if word.contains(':') {
            clock = Some(word);
        } else if let Ok(number) = word.parse::<i64>() {
            match day {
                None if number <= 31 => day = Some(number),
                _ => year = year.or(Some(number)),
            }
        } else if let Some(found) = month_of(word) {
            month = Some(found);
        }
    }
    let (day, month, mut year) = (day?, month?, year?);
    if year < 70 {
        year += 2000;
    } else if year < 100 {
        year += 1900;
    }
    let mut parts = clock?.split(':').map(str::parse::<i64>);
    let seconds = parts.next()?.ok()? * 3_600
        + parts.next()?.ok()? * 60
        + parts.next().and_then(Result::ok).unwrap_or(0);
    Some(days_since_1970(year, month, day) * 86_400 + seconds)
}

fn month_of(word: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let word = word.get(..3)?.to_ascii_lowercase();
    let index = MONTHS.iter().position(|month| *month == word)?;
    i64::try_from(index).ok().map(|index| index + 1)
}

/// The civil calendar, counted from March, so that a leap day is a year's last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{SameSite, SetCookie, decoded, http_date};

    #[test]
    fn every_attribute_is_read_whatever_its_case() {
        let cookie = SetCookie::parse(
            "sid=a=b; PATH=/app; secure ;HttpOnly; SameSite=lax; Max-Age=60; Domain=.Example.org",
        )
        .unwrap();
        assert_eq!(cookie.name, "sid");
        assert_eq!(cookie.value, "a=b");
        assert_eq!(cookie.path.as_deref(), Some("/app"));
        assert!(cookie.secure && cookie.http_only);
        assert_eq!(cookie.same_site, Some(SameSite::Lax));
        assert_eq!(cookie.max_age, Some(60));
        assert_eq!(cookie.domain.as_deref(), Some("example.org"));
    }

    #[test]
    fn a_value_keeps_its_quotes_and_its_percent_signs() {
        let cookie = SetCookie::parse("connect.sid=s%3A\"x\"").unwrap();
        assert_eq!(cookie.value, "s%3A\"x\"");
    }

    #[test]
    fn a_value_without_its_escapes_is_whole() {
        assert_eq!(decoded("s%3Aa+b&c=d%2F"), "s:a+b&c=d/");
    }

    #[test]
    fn dates_of_all_forms_are_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(http_date(text), Some(784_111_777), "{text}");
        }
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(http_date("tomorrow"), None);
    }

    #[test]
    fn a_cookie_that_has_expired_removes_the_one_that_was_there() {
        let removed = |line: &str| SetCookie::parse(line).unwrap().removes(1_000_000_000);
        assert!(removed("sid=; Max-Age=0"));
        assert!(removed("sid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT"));
        assert!(!removed(
            "sid=x; Max-Age=5; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        ));
        assert!(!removed("sid="));
    }
}

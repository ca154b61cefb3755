//! Tokens that are digests of what an attacker can guess: a counter, the time, a user's name.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use md5::{Digest, Md5};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

/// Counters up to this are tried.
const MAX_COUNTER: u64 = 20_000;
/// Within this, the time of an issue is tried to the microsecond.
const MAX_FINE: Duration = Duration::from_millis(60);
/// Signs that stand between a name and a number.
const BETWEEN: [&str; 4] = ["", ":", "-", "_"];
/// Digests that are cut to less than this say too little.
const MIN_LENGTH: usize = 16;

/// A token, and the time between whose ends it was issued.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    pub(super) token: String,
    pub(super) after: SystemTime,
    pub(super) before: SystemTime,
}

/// Whether a token is the hexadecimal MD5, SHA-1 or SHA-256 of a number, of the time, or of one
/// of `words` with either; also where only the first signs of the digest are used.
pub(super) fn digest_of_little(issued: &[Issued], words: &[String]) -> Option<String> {
    let length = issued.first()?.token.len();
    let is_hexadecimal = |token: &str| token.chars().all(|c| c.is_ascii_hexdigit());
    if length < MIN_LENGTH
        || issued
            .iter()
            .any(|issued| issued.token.len() != length || !is_hexadecimal(&issued.token))
    {
        return None;
    }
    let wanted = Wanted {
        length,
        tokens: issued
            .iter()
            .map(|issued| issued.token.to_ascii_lowercase())
            .collect(),
    };
    let numbers = numbers(issued);
    let found = numbers.iter().any(|number| wanted.has(&number.to_string()))
        || words.iter().any(|word| {
            wanted.has(word)
                || BETWEEN.iter().any(|between| {
                    numbers.iter().any(|number| {
                        wanted.has(&format!("{word}{between}{number}"))
                            || wanted.has(&format!("{number}{between}{word}"))
                    })
                })
        })
        || fine_times(issued).any(|time| wanted.has(&time));
    found.then(|| {
        "A token is the digest of a small number, of the time, or of the user's name with one of \
         them: others can be computed."
            .to_owned()
    })
}

struct Wanted {
    length: usize,
    tokens: BTreeSet<String>,
}

impl Wanted {
    fn has(&self, guess: &str) -> bool {
        let guess = guess.as_bytes();
        let is_wanted = |digest: &[u8]| {
            let text = hex(digest);
            text.get(..self.length)
                .is_some_and(|text| self.tokens.contains(text))
        };
        is_wanted(&Md5::digest(guess))
            || is_wanted(digest(&SHA1_FOR_LEGACY_USE_ONLY, guess).as_ref())
            || is_wanted(digest(&SHA256, guess).as_ref())
    }
}

/// Counters, and the time in seconds and in milliseconds.
fn numbers(issued: &[Issued]) -> Vec<u64> {
    let began = issued
        .first()
        .map_or(0, |first| since_1970(first.after).as_secs());
    let ended = issued
        .last()
        .map_or(0, |last| since_1970(last.before).as_secs());
    let seconds = began.saturating_sub(2)..=ended + 2;
    let milliseconds = seconds
        .clone()
        .flat_map(|second| (0..1_000).map(move |part| second * 1_000 + part));
    (0..MAX_COUNTER)
        .chain(seconds)
        .chain(milliseconds)
        .collect()
}

/// The time of the issue that is known best, as languages write it with a fraction: Python's
/// `time.time()`, and PHP's `uniqid()` and `microtime()`.
fn fine_times(issued: &[Issued]) -> impl Iterator<Item = String> {
    let width = |issued: &&Issued| {
        issued
            .before
            .duration_since(issued.after)
            .unwrap_or(MAX_FINE)
    };
    let best = issued
        .iter()
        .min_by_key(width)
        .filter(|issued| width(issued) < MAX_FINE);
    let (from, to) = best.map_or((1, 0), |best| {
        let micros = |time| u64::try_from(since_1970(time).as_micros()).unwrap_or(0);
        (micros(best.after), micros(best.before))
    });
    (from..=to).flat_map(|micros| {
        let (seconds, part) = (micros / 1_000_000, micros % 1_000_000);
        // A number of this size with a fraction is a multiple of 2^-22, and a microsecond has
        // four or five of them.
        let float = micros as f64 / 1e6;
        let floats = (0_u64..5).map(move |step| f64::from_bits(float.to_bits() + step).to_string());
        floats.chain([
            micros.to_string(),
            format!("{seconds}.{part:06}"),
            format!("{seconds:08x}{part:05x}"),
            format!("0.{part:06}00 {seconds}"),
        ])
    })
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use md5::{Digest, Md5};

    use super::{Issued, digest_of_little, hex};

    impl Issued {
        pub(in super::super) fn now(token: &str) -> Self {
            let now = SystemTime::now();
            Self {
                token: token.to_owned(),
                after: now,
                before: now,
            }
        }
    }

    fn found(texts: impl Fn(usize) -> String, cut: usize) -> bool {
        let issued: Vec<Issued> = (0..20)
            .map(|n| Issued::now(&hex(&Md5::digest(texts(n)))[..cut]))
            .collect();
        digest_of_little(&issued, &["alice".to_owned()]).is_some()
    }

    #[test]
    fn a_digest_of_a_counter_is_found_with_the_users_name_or_without() {
        assert!(found(|n| (n + 500).to_string(), 32));
        assert!(found(|n| format!("alice:{}", n + 500), 32));
        assert!(found(|n| format!("{}alice", n + 500), 20));
        assert!(!found(|n| format!("{n} and a secret"), 32));
    }

    #[test]
    fn a_digest_of_the_time_is_found_to_the_fraction_that_a_language_writes() {
        let after = SystemTime::now();
        let at = after + Duration::from_micros(1_234);
        let seconds = at.duration_since(UNIX_EPOCH).unwrap();
        let uniqid = format!("{:08x}{:05x}", seconds.as_secs(), seconds.subsec_micros());
        for text in [seconds.as_secs_f64().to_string(), uniqid] {
            let issued = Issued {
                token: hex(&Md5::digest(&text)),
                after,
                before: after + Duration::from_millis(3),
            };
            assert!(digest_of_little(&[issued], &[]).is_some(), "{text}");
        }
    }
}

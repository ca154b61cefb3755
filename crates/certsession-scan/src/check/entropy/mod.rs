//! ENT-01: whether tokens can be guessed.
//!
//! 200 sign-ins give 200 tokens; now and then, and at the end, whoami shows that they do sign in.
//! Duplicates, counters, clocks and digests of both are searched
//! for, and the entropy is estimated sign by sign. That is a bound from above on what a sample can
//! show, never a proof: "consistent with at least N bits".

mod digest;

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use super::*;
use crate::oracle::Reading;
use base64ct::{Base64UrlUnpadded, Encoding};
use digest::{Issued, digest_of_little};

pub(super) const CHECKS: &[Check] = &[check!("ENT-01", guessable)];

const SAMPLES: usize = 200;
/// So many show a token that repeats.
const FEW: usize = 20;
const FEW_LAST: usize = FEW - 1;
/// What OWASP asks for.
const MIN_BITS: f64 = 64.0;
/// How far the estimate for [`SAMPLES`] tokens may be below the bits that are in them: 0.3 of 64
/// random bits as hexadecimal, 1.2 of 128 as Base64, whose signs are more than 200 tokens show well.
const SPREAD: f64 = 1.7;
/// A token that is greater than the one before by more than this does not follow from it: a time
/// in front of random digits rises as well, and cannot be guessed.
const MAX_STEP: u128 = 1 << 32;

async fn guessable(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_session_cookie(scan) {
        return end;
    }
    let sample = scan.tokens(&scan.calibration.sample.credentials.jar);
    if sample.iter().any(|(_, value)| is_content(value)) {
        return not_applicable("the token is signed or encrypted content, not an id");
    }
    let words = names(scan)?;
    let mut tokens: Vec<Issued> = Vec::new();
    // Where the sign-in is done by a page that it redirects to, that page has to be loaded.
    let mut no_redirects = true;
    while tokens.len() < SAMPLES {
        let mut victim = scan.browser("the victim");
        let change = crate::actor::Change {
            no_redirects,
            ..Default::default()
        };
        let after = SystemTime::now();
        let answer = victim.run_with("login", &change).await?;
        let before = SystemTime::now();
        crate::scan::did_not_fail(&answer, "login")?;
        let token: Vec<String> = scan
            .tokens(&victim.jar)
            .into_iter()
            .map(|(_, value)| crate::http::decoded(&value))
            .collect();
        // The control: these are tokens that sign in, not those of a refused sign-in's page.
        let is_asked = matches!(tokens.len(), 0 | FEW_LAST) || tokens.len() + 1 == SAMPLES;
        if is_asked && scan.who(&mut victim).await? != Reading::Victim {
            match no_redirects && tokens.is_empty() {
                true => {
                    no_redirects = false;
                    continue;
                }
                false => {
                    return inconclusive(format!("sign-in {} did not sign in", tokens.len() + 1));
                }
            }
        }
        if token.is_empty() {
            return inconclusive(format!("sign-in {} gave no token", tokens.len() + 1));
        }
        tokens.push(Issued {
            token: token.join("|"),
            after,
            before,
        });
        // One that repeats shows by then; a slow sign-in need not be asked for all 200.
        if tokens.len() == FEW
            && let Some(what) = weakness(&tokens, &words)
        {
            return finding(what);
        }
    }
    match weakness(&tokens, &words) {
        Some(what) => finding(what),
        // Steps, so that two runs say the same.
        None => passed(format!(
            "{SAMPLES} tokens are consistent with at least {} bits; that is no proof",
            step(bits(&texts(&tokens)))
        )),
    }
}

/// The step that an estimate reaches.
fn step(bits: f64) -> u32 {
    match bits + SPREAD {
        bits if bits >= 128.0 => 128,
        bits if bits >= 96.0 => 96,
        _ => 64,
    }
}

/// What an application knows of the user and may have put into a token.
fn names(scan: &Scan<'_>) -> Result<Vec<String>, Trouble> {
    let victim = scan.target.victim();
    let fields = scan.browser("the victim").step("login")?.fields();
    let mut words = vec![victim.name.clone()];
    for (name, value) in fields {
        let is_short = (2..40).contains(&value.len());
        if is_short && !crate::redaction::is_secret_name(&name) && !words.contains(&value) {
            words.push(value);
        }
    }
    words.truncate(3);
    Ok(words)
}

fn texts(issued: &[Issued]) -> Vec<String> {
    issued.iter().map(|issued| issued.token.clone()).collect()
}

/// What makes these tokens, in the order in which they were issued, guessable.
fn weakness(issued: &[Issued], words: &[String]) -> Option<String> {
    let tokens = &texts(issued)[..];
    let distinct: BTreeSet<&String> = tokens.iter().collect();
    if distinct.len() < tokens.len() {
        return Some("The application issued one token twice.".to_owned());
    }
    if let Some(what) = digest_of_little(issued, words) {
        return Some(what);
    }
    // express-session signs the id that it puts in front (`s:ID.SIGNATURE`).
    let signed: BTreeSet<&str> = tokens
        .iter()
        .filter_map(|token| token.strip_prefix("s:")?.split('.').next())
        .collect();
    if signed.len() == tokens.len() {
        let ids: Vec<String> = tokens
            .iter()
            .filter_map(|token| Some(token.strip_prefix("s:")?.split('.').next()?.to_owned()))
            .collect();
        let issued: Vec<Issued> = issued
            .iter()
            .zip(&ids)
            .map(|(issued, id)| Issued {
                token: id.clone(),
                ..*issued
            })
            .collect();
        if is_counter(&ids) || digest_of_little(&issued, words).is_some() {
            return Some(
                "The id in front of the signature can be guessed; the key of the signature alone \
                 keeps others out."
                    .to_owned(),
            );
        }
    }
    if is_counter(tokens) {
        return Some(
            "Each token follows from the one before by a small step: the next one can be guessed."
                .to_owned(),
        );
    }
    // A small sample cannot show many bits.
    if tokens.len() < SAMPLES {
        return None;
    }
    let bits = bits(tokens);
    (bits + SPREAD < MIN_BITS).then(|| {
        format!(
            "{} tokens vary by less than {MIN_BITS:.0} bits.",
            tokens.len()
        )
    })
}

/// Entropy by position, added up: 200 tokens show at most what each sign of them varies by.
fn bits(tokens: &[String]) -> f64 {
    let length = tokens.iter().map(String::len).max().unwrap_or(0);
    let count = tokens.len() as f64;
    (0..length)
        .map(|place| {
            let mut seen: BTreeMap<Option<u8>, f64> = BTreeMap::new();
            for token in tokens {
                *seen
                    .entry(token.as_bytes().get(place).copied())
                    .or_default() += 1.0;
            }
            let entropy: f64 = seen
                .values()
                .map(|times| {
                    let share = times / count;
                    -share * share.log2()
                })
                .sum();
            // Of few samples the estimate is too low (Miller and Madow).
            match seen.len() {
                1 => 0.0,
                kinds => entropy + (kinds as f64 - 1.0) / (2.0 * count * std::f64::consts::LN_2),
            }
        })
        .sum()
}

/// Numbers that grow by small steps, whatever is around them.
fn is_counter(tokens: &[String]) -> bool {
    let prefix = common(tokens, |token| token.chars().collect());
    let suffix = common(tokens, |token| token.chars().rev().collect());
    let numbers = |radix: u32| -> Option<Vec<u128>> {
        tokens
            .iter()
            .map(|token| {
                let all: Vec<char> = token.chars().collect();
                // Digits that happen to be alike in front belong to the number.
                let end = all.len().checked_sub(suffix)?;
                let varying: String = all.get(prefix..end)?.iter().collect();
                u128::from_str_radix(&varying, radix).ok()
            })
            .collect()
    };
    [10, 16].into_iter().any(|radix| {
        let Some(numbers) = numbers(radix) else {
            return false;
        };
        let span = numbers.iter().max().zip(numbers.iter().min());
        let Some((high, low)) = span else {
            return false;
        };
        let follows = |pair: &&[u128]| pair[0] < pair[1] && pair[1] - pair[0] < MAX_STEP;
        let rising = numbers.windows(2).filter(follows).count();
        // Random numbers rise half of the time, and spread over their whole range.
        rising * 20 >= (numbers.len() - 1) * 19 || high - low < (numbers.len() as u128) * 4
    })
}

fn common(tokens: &[String], chars: impl Fn(&String) -> Vec<char>) -> usize {
    let Some(first) = tokens.first().map(&chars) else {
        return 0;
    };
    tokens
        .iter()
        .map(|token| {
            first
                .iter()
                .zip(chars(token))
                .take_while(|(one, other)| **one == *other)
                .count()
        })
        .min()
        .unwrap_or(0)
}

/// Whether a token is signed content (a JWT, Flask's cookie) rather than an id: it says the same
/// for each sign-in, and its signature is what cannot be guessed.
fn is_content(value: &str) -> bool {
    let value = crate::http::decoded(value);
    let parts: Vec<&str> = value.trim_matches('"').split('.').collect();
    let first = parts
        .iter()
        .find(|part| !part.is_empty())
        .copied()
        .unwrap_or_default();
    let bytes = Base64UrlUnpadded::decode_vec(
        &first
            .trim_end_matches('=')
            .replace('+', "-")
            .replace('/', "_"),
    )
    .unwrap_or_default();
    let is_json = serde_json::from_slice::<serde_json::Value>(&bytes)
        .is_ok_and(|json| json.is_object() || json.is_array());
    let is_zlib = parts.len() >= 3 && value.starts_with('.') && bytes.first() == Some(&0x78);
    is_json || is_zlib || value.starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::{Issued, SAMPLES, bits, is_content, step};
    use crate::forge::{random_bytes, random_hex};
    use base64ct::{Base64UrlUnpadded, Encoding};

    fn weakness(tokens: &[String]) -> Option<String> {
        let issued: Vec<Issued> = tokens.iter().map(|token| Issued::now(token)).collect();
        super::weakness(&issued, &["alice".to_owned()])
    }

    fn tokens(make: impl Fn(usize) -> String) -> Vec<String> {
        (0..SAMPLES).map(make).collect()
    }

    #[test]
    fn random_tokens_are_no_finding() {
        for bytes in [8, 12, 16, 24, 32] {
            let hexadecimal = tokens(|_| random_hex(bytes));
            assert_eq!(weakness(&hexadecimal), None, "{bytes} bytes");
            let base64 = tokens(|_| Base64UrlUnpadded::encode_string(&random_bytes(bytes)));
            assert_eq!(weakness(&base64), None, "{bytes} bytes");
        }
    }

    #[test]
    fn two_runs_reach_the_same_step() {
        for _ in 0..20 {
            for (bytes, reached) in [(8, 64), (12, 96), (16, 128)] {
                let hexadecimal = tokens(|_| random_hex(bytes));
                assert_eq!(step(bits(&hexadecimal)), reached, "{bytes} bytes");
                let base64 = tokens(|_| Base64UrlUnpadded::encode_string(&random_bytes(bytes)));
                assert_eq!(step(bits(&base64)), reached, "{bytes} bytes");
            }
        }
    }

    #[test]
    fn a_time_in_front_of_random_digits_is_no_counter() {
        let milliseconds = |n: usize| 1_700_000_000_000 + n * 7;
        let with_time = tokens(|n| format!("{:x}{}", milliseconds(n), random_hex(8)));
        assert_eq!(weakness(&with_time), None);
        // UUIDs of version 7.
        let uuids = tokens(|n| format!("{:012x}7{}", milliseconds(n), &random_hex(10)[..19]));
        assert_eq!(weakness(&uuids), None);
    }

    #[test]
    fn a_time_in_nanoseconds_is_guessed_like_a_counter() {
        let tokens =
            tokens(|n| format!("{:x}", 1_700_000_000_000_000_000_u64 + n as u64 * 7_000_123));
        assert!(weakness(&tokens).unwrap().contains("follows"));
    }

    #[test]
    fn a_counter_is_found_within_whatever_is_around_it() {
        let found = |make: &dyn Fn(usize) -> String| weakness(&tokens(make)).is_some();
        assert!(found(&|n| format!("{}", n + 1)));
        assert!(found(&|n| format!("user-{:08x}-x", 0x00fe_0000 + n * 3)));
    }

    #[test]
    fn a_token_that_comes_twice_is_found() {
        let mut tokens = tokens(|_| random_hex(16));
        tokens[7] = tokens[150].clone();
        assert!(weakness(&tokens).unwrap().contains("twice"));
    }

    #[test]
    fn a_clock_with_few_random_digits_is_found() {
        let tokens = tokens(|n| format!("{}{}", 1_700_000_000 + n / 20, &random_hex(2)));
        assert!(weakness(&tokens).is_some());
    }

    #[test]
    fn the_estimate_grows_with_what_is_random() {
        let short = bits(&tokens(|_| random_hex(4)));
        let long = bits(&tokens(|_| random_hex(16)));
        assert!((28.0..40.0).contains(&short), "{short}");
        assert!((115.0..140.0).contains(&long), "{long}");
    }

    #[test]
    fn signed_content_is_told_from_an_id() {
        assert!(is_content("eyJ1c2VyIjoiYWxpY2UifQ.aBcDeF.c2lnbmF0dXJl"));
        assert!(is_content("eyJ1c2VyIjoiYWxpY2UifQ=="));
        assert!(!is_content("s%3Aq83Jd0sKf7.aYb3Hd"));
        assert!(!is_content("4f1c0b6de0a24a7f"));
    }
}

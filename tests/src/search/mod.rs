//! The search for secrets in the suite's whole output.
//!
//! Of each token only the secret half counts, because its handle is public. The search looks for
//! every form in which careless code could print it: as text, as part of the cookie, as
//! hexadecimal, as a list of numbers. A part of it is sufficient for a match; less than half of a
//! secret does not count as one.
//!
//! A search that cannot fail would be worthless, so it also fails if there is nothing to search or
//! nothing to search for.

mod forms;
mod patterns;

#[cfg(test)]
mod tests;

use std::fmt;

use memchr::memmem;

use crate::ledger::SECRET_VALUE;
use patterns::Patterns;

/// The minimum number of tokens that a run of the suite creates.
pub const FEWEST_TOKENS: usize = 100;

/// Lines that the output must contain for the search to be meaningful: lines of the server at level
/// TRACE, and the framework's own lines.
const HAS_TO_HOLD: [&str; 4] = [
    " TRACE actix_http::",
    " TRACE actix_server::",
    ": h2::",
    " certsession: ",
];

/// The maximum number of leaks that are listed.
const MOST_LISTED: usize = 50;

/// Why the search fails.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The ledger has fewer tokens than any run of the suite creates.
    TooFewTokens(usize),
    /// No test has recorded a secret value.
    NoSecretValue,
    /// The output lacks the lines of a part of the server.
    NoLinesOf(&'static str),
    /// Secrets are in the output.
    Leaks(Vec<Leak>),
}

/// A line with a secret in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Leak {
    /// Its number, from 1.
    pub line: usize,
    /// The line up to the secret.
    pub text: String,
}

/// The amount of text that was searched, and the number of secrets.
#[derive(Debug, PartialEq, Eq)]
pub struct Searched {
    /// The tokens, each counted once.
    pub tokens: usize,
    /// The bytes of output.
    pub bytes: usize,
}

/// Searches the output of the suite for the secrets in the ledger.
///
/// # Errors
///
/// If the output contains a secret, or if the search would not be meaningful.
pub fn search(output: &[u8], ledger: &str) -> Result<Searched, Fault> {
    let tokens = forms::tokens(ledger);
    if tokens.len() < FEWEST_TOKENS {
        return Err(Fault::TooFewTokens(tokens.len()));
    }
    if !ledger.lines().any(|line| line.starts_with(SECRET_VALUE)) {
        return Err(Fault::NoSecretValue);
    }
    for lines in HAS_TO_HOLD {
        if memmem::find(output, lines.as_bytes()).is_none() {
            return Err(Fault::NoLinesOf(lines.trim_matches([' ', ':'])));
        }
    }

    let mut patterns = Patterns::new();
    for token in &tokens {
        forms::of_token(token, |form| patterns.add(form));
    }
    forms::of_secret_value(SECRET_VALUE, |form| patterns.add(form));
    let mut found = patterns.find(output);
    found.extend(memmem::find_iter(output, SECRET_VALUE));
    found.sort_unstable();
    if found.is_empty() {
        Ok(Searched {
            tokens: tokens.len(),
            bytes: output.len(),
        })
    } else {
        Err(Fault::Leaks(leaks(output, &found)))
    }
}

/// The lines in which a secret was found, without duplicates.
fn leaks(output: &[u8], found: &[usize]) -> Vec<Leak> {
    let mut leaks: Vec<Leak> = Vec::new();
    let (mut line, mut counted) = (1, 0);
    for &at in found {
        line += memchr::memchr_iter(b'\n', &output[counted..at]).count();
        counted = at;
        if leaks.last().is_none_or(|last| last.line != line) {
            let begin = memchr::memrchr(b'\n', &output[..at]).map_or(0, |end| end + 1);
            let text = redacted(&output[begin..at]);
            leaks.push(Leak { line, text });
        }
        if leaks.len() == MOST_LISTED {
            break;
        }
    }
    leaks
}

/// The text before a secret, without characters that may belong to the secret.
fn redacted(before: &[u8]) -> String {
    let belongs = |byte: &u8| !matches!(byte, b' ' | b'=' | b':' | b'(' | b'[' | b'"');
    let word = before.iter().rev().take_while(|byte| belongs(byte)).count();
    let text = String::from_utf8_lossy(&before[..before.len() - word]);
    format!("{}[redacted]", text.trim_start())
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewTokens(count) => write!(
                f,
                "the ledger has {count} tokens, and a run of the suite makes {FEWEST_TOKENS} at \
                 least: was CERTSESSION_LEDGER set when it ran?"
            ),
            Self::NoSecretValue => write!(
                f,
                "the ledger has no value that begins with {SECRET_VALUE}: did the tests of \
                 `secrecy` run?"
            ),
            Self::NoLinesOf(part) => write!(
                f,
                "the output has no lines of {part}: run nextest with `--success-output immediate \
                 --failure-output immediate`, and keep standard error too"
            ),
            Self::Leaks(leaks) => {
                writeln!(f, "secrets in the output of the suite:")?;
                leaks
                    .iter()
                    .try_for_each(|leak| writeln!(f, "{}: {}", leak.line, leak.text))
            }
        }
    }
}

impl std::error::Error for Fault {}

//! The search for secrets in all that the suite has printed.
//!
//! Of each token only the secret half counts: its name is public. It is looked for in every
//! form that a careless line of code would give it: as text, as part of the cookie, as
//! hexadecimal, as a list of numbers. A part of it suffices; a secret that is cut off after
//! half its length is none any more.
//!
//! A search that cannot fail would be worth nothing, so it also fails where there is nothing
//! to search or nothing to search for.

mod forms;
mod patterns;

#[cfg(test)]
mod tests;

use std::fmt;

use memchr::memmem;

use crate::ledger::SECRET_VALUE;
use patterns::Patterns;

/// The fewest tokens that a run of the suite makes.
pub const FEWEST_TOKENS: usize = 100;

/// What the output has to hold for the search to mean something: lines of the server's side at
/// level TRACE, and the framework's own lines.
const HAS_TO_HOLD: [&str; 4] = [
    " TRACE actix_http::",
    " TRACE actix_server::",
    ": h2::",
    " certsession: ",
];

/// The most leaks that are listed.
const MOST_LISTED: usize = 50;

/// What makes the search fail.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The ledger has fewer tokens than any run of the suite makes.
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

/// How much was searched, and for how much.
#[derive(Debug, PartialEq, Eq)]
pub struct Searched {
    /// The tokens, each counted once.
    pub tokens: usize,
    /// The bytes of output.
    pub bytes: usize,
}

/// Searches the output of the suite for what the ledger lists.
///
/// # Errors
///
/// If there is a secret in it, or if the search would not mean anything.
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

/// The lines in which something was found, each once.
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

/// What stands before a secret, but for that which the secret may be the middle of.
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

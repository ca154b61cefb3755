//! Requests by their outcome, through the facade of the crate `metrics`.

use crate::error::Error;

/// Counts a request whose session was opened, and whose commit had this result.
pub(crate) fn settled(committed: &Result<(), Error>) {
    count(committed.as_ref().map_or_else(outcome, |()| "served"));
}

/// Counts a request that got no session.
pub(crate) fn refused(error: &Error) {
    count(outcome(error));
}

/// Counts a request that was dropped before it was answered: its client hung up, its time ran out,
/// or its handler panicked.
pub(crate) fn dropped() {
    count("dropped");
}

fn outcome(error: &Error) -> &'static str {
    match error.status() {
        503 => "unavailable",
        409 => "conflict",
        401 | 403 => "refused",
        400..500 => "invalid",
        _ => "failed",
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("certsession_requests_total", "outcome" => outcome).increment(1);
}

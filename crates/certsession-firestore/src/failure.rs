//! What a call that failed means: whether it can have been taken, and whether to send it again.

use std::error::Error;
use std::time::Duration;

use certsession_core::{StoreError, StoreErrorKind};
use ring::rand::{SecureRandom, SystemRandom};
use tonic::{Code, ConnectError, Status};

/// How often a call is sent at the most.
pub(crate) const ATTEMPTS: u32 = 5;

/// How long the first pause between two attempts is, on average. Each is twice as long as the one
/// before.
const PAUSE: Duration = Duration::from_millis(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A call that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    /// Whether one of its attempts may have been taken all the same.
    pub(crate) may_have_happened: bool,
}

/// What a status says of the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was not taken. Another attempt may be.
    NotTaken,
    /// Whether it was taken is unknown.
    Unknown,
    /// It was answered: another attempt would be answered alike.
    Final,
}

impl Failure {
    /// Whether a precondition did not hold: the document is there, is not, or has changed.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(
            self.status.code(),
            Code::AlreadyExists | Code::FailedPrecondition | Code::NotFound
        )
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.status.code() == Code::NotFound
    }
}

pub(crate) fn verdict(status: &Status) -> Verdict {
    match status.code() {
        _ if was_never_sent(status) => Verdict::NotTaken,
        Code::Aborted | Code::ResourceExhausted | Code::Unauthenticated => Verdict::NotTaken,
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::Internal
        | Code::Unknown
        | Code::DataLoss => Verdict::Unknown,
        _ => Verdict::Final,
    }
}

/// Whether there was no connection to send it on.
fn was_never_sent(status: &Status) -> bool {
    let mut error = status.source();
    while let Some(cause) = error {
        if cause.is::<ConnectError>() {
            return true;
        }
        error = cause.source();
    }
    false
}

/// How long to wait after so many attempts: a random time, so that those who failed together do
/// not come back together.
pub(crate) fn pause(attempts: u32) -> Duration {
    let longest = PAUSE.saturating_mul(1 << attempts.clamp(1, 10));
    longest.min(LONGEST_PAUSE).mul_f64(random_share())
}

/// A random number from 0 to 1. Where there is no randomness, 1: it is a matter of politeness.
fn random_share() -> f64 {
    let mut bytes = [0xff; 4];
    let _ = SystemRandom::new().fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        failure.status.into_store_error()
    }
}

/// What a status means to the rules.
pub(crate) trait IntoStoreError {
    fn into_store_error(self) -> StoreError;
}

impl IntoStoreError for Status {
    fn into_store_error(self) -> StoreError {
        let kind = match (verdict(&self), self.code()) {
            (Verdict::NotTaken | Verdict::Unknown, _) => StoreErrorKind::Unavailable,
            (_, Code::PermissionDenied) => StoreErrorKind::Unavailable,
            _ => StoreErrorKind::Other,
        };
        // Its metadata are left out: they are the server's own matter, and go to no log.
        let (code, message) = (self.code(), self.message());
        let said = format!("Firestore answered {code:?}: {message}");
        StoreError::with_source(kind, said)
    }
}

/// A write was sent, and whether it was taken is unknown.
pub(crate) fn unknown_outcome() -> StoreError {
    StoreError::with_source(
        StoreErrorKind::Unavailable,
        "the answer to a write was lost, and whether it was taken can no longer be seen",
    )
}

/// The server answered what no server answers to that.
pub(crate) fn unexpected_answer(to: &'static str) -> StoreError {
    StoreError::with_source(
        StoreErrorKind::Other,
        format!("Firestore gave an answer to {to} that makes no sense"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_surely_not_taken_counts_as_not_taken() {
        for (code, expected) in [
            (Code::Aborted, Verdict::NotTaken),
            (Code::ResourceExhausted, Verdict::NotTaken),
            (Code::Unavailable, Verdict::Unknown),
            (Code::DeadlineExceeded, Verdict::Unknown),
            (Code::Internal, Verdict::Unknown),
            (Code::FailedPrecondition, Verdict::Final),
            (Code::PermissionDenied, Verdict::Final),
        ] {
            assert_eq!(verdict(&Status::new(code, "")), expected, "{code:?}");
        }
    }

    #[test]
    fn pauses_grow_and_are_bounded() {
        for attempts in 0..100 {
            assert!(pause(attempts) <= LONGEST_PAUSE);
        }
    }
}

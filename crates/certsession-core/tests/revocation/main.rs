//! Revocation lists as they are in the wild.
#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

/// The inputs under `tests/cases`.
mod cases;
mod der;
/// Which list takes the place of which.
mod places;
/// Random sequences of files against a model.
mod walk;

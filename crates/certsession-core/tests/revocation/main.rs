//! Revocation lists as they are in the wild.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a helper that fails is a failed test"
)]
#![allow(
    clippy::print_stdout,
    reason = "a measurement and a comparison print their tables"
)]

/// The inputs under `tests/cases`.
mod cases;
/// Public test data, beside OpenSSL.
mod corpus;
mod der;
mod file;
/// The gauges.
#[cfg(feature = "metrics")]
mod gauges;
/// The cases of x509-limbo about revocation lists.
mod limbo;
/// Which refused list is a loss.
mod losses;
/// Which list takes the place of which.
mod places;
/// Lists whose signer is gone.
mod signers;
/// A list of a million entries.
mod size;
/// Random sequences of files against a model.
mod walk;

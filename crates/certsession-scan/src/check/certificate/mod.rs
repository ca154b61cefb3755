//! CERT-01 to CERT-08: whether a session stays with the client certificate that it began with.
//!
//! A server that turns the connection away passes: the right answer to a wrong certificate may
//! come from TLS. That the server is there at all is the control after each refusal.

mod ending;
mod headers;
mod shared;
mod theft;

use super::{Check, check};

pub(super) const CHECKS: &[Check] = &[
    check!("CERT-01", theft::another),
    check!("CERT-02", theft::none),
    check!("CERT-03", theft::same_serial),
    check!("CERT-04", theft::same_subject),
    check!("CERT-05", ending::expires),
    check!("CERT-06", ending::revoked),
    check!("CERT-07", ending::resumed),
    check!("CERT-08", headers::forged),
];

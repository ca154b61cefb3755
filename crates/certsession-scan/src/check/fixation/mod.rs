//! FIX-01 to FIX-05: an id that another user knows becomes the victim's session.
//!
//! In each the attacker has a token first, the victim signs in with it in their browser, and then
//! the attacker reads whoami with it on a connection of their own. Only that is a finding.

mod cookie;
mod elsewhere;
mod planting;

use super::{Check, check};

pub(super) use planting::before_sign_in;

pub(super) const CHECKS: &[Check] = &[
    check!("FIX-01", cookie::kept),
    check!("FIX-02", cookie::adopted),
    check!("FIX-03", elsewhere::elsewhere),
    check!("FIX-04", cookie::survives),
    check!("FIX-05", cookie::over_another),
];

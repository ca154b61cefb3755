//! A certificate counts exactly if the fields of this dialect spell it out.
#![no_main]

use certsession_fuzz::dialects::{Forwarded, judge};
use certsession_http::Dialect;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|forwarded: Forwarded<'_>| judge("cloudfront", &Dialect::cloudfront(), &forwarded));

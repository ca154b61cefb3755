//! The odd certificates, over real TLS: how each stack treats them, and that the server survives
//! all of them.
//!
//! A trusted authority has signed each of them. In the table, "TLS refuses" means that the
//! handshake fails, and "we refuse" that the handshake succeeds and every request gets a 403.
//!
//! | certificate | rustls | OpenSSL |
//! |---|---|---|
//! | serial 0, negative, of 20 or 21 bytes, with the leading zero that DER requires | admitted | admitted |
//! | serial with superfluous leading zeros | admitted | TLS refuses |
//! | serial without bytes | we refuse | TLS refuses |
//! | serial of 65 bytes | we refuse | we refuse |
//! | NUL, comma, HTML or a line break in the common name; no subject | admitted, escaped | admitted, escaped |
//! | common name that is not UTF-8 | admitted, escaped | TLS refuses |
//! | two SPIFFE ids, a malformed one, a NUL in an alternative name | we refuse | we refuse |
//! | two extensions of alternative names | TLS refuses | TLS refuses |
//! | version 1 | TLS refuses | admitted |
//! | version 1 with extensions | TLS refuses | we refuse |
//! | unique ids, notBefore ahead of 1970, leaf of 90 KB | TLS refuses | admitted |
//! | no extended key usage, no end of validity, leaf of 60 KB | admitted | admitted |
//! | a date without seconds, no certificate at all | TLS refuses | TLS refuses |
//! | BER in place of DER around the signed part | TLS refuses | admitted, as the equivalent DER |
//! | same serial, subject and key from another trusted authority | another certificate | another certificate |
//! | renewed with another key, even under the same serial | another certificate | another certificate |
//! | expired or not valid yet at the handshake, of another authority, of a server | TLS refuses | TLS refuses |
//! | expired, or before notBefore, since the handshake | we refuse | we refuse |
//! | absent, if required | TLS refuses | TLS refuses |
//! | absent, if optional | no session | no session |

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod authorities;
mod dates;
mod names;
mod serials;
mod structure;
mod verdict;

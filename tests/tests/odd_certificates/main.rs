//! The odd certificates, over real TLS: what each stack makes of them, and that the server
//! stands whatever comes.
//!
//! Each is signed by an authority that the server trusts. In the table, "TLS" means that the
//! handshake fails, and "we" that it does not and every request is 403.
//!
//! | certificate | rustls | OpenSSL |
//! |---|---|---|
//! | serial 0, negative, of 20 or 21 bytes, with the leading zero that DER asks for | admitted | admitted |
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
//! | BER in place of DER around the signed part | TLS refuses | admitted, as the DER that it stands for |
//! | same serial, subject and key from another trusted authority | another certificate | another certificate |
//! | renewed with another key, even under the same serial | another certificate | another certificate |
//! | expired or not valid yet at the handshake, of another authority, of a server | TLS refuses | TLS refuses |
//! | expired or not valid any more since | we refuse | we refuse |
//! | absent, where required | TLS refuses | TLS refuses |
//! | absent, where optional | no session | no session |

#![allow(clippy::unwrap_used, reason = "a test that cannot go on, stops")]

mod authorities;
mod dates;
mod names;
mod serials;
mod structure;
mod verdict;

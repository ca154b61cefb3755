//! What each proxy writes about the client's certificate.
//!
//! A dialect is a value of `Rules`: the names of its fields, what counts as no certificate, what the
//! proxy's own verdict has to be, and how the certificate is written. `verdict` applies the rules to a
//! request; a value is decoded only if it is new.
//!
//! | file | subject |
//! |---|---|
//! | `choice` | [`Dialect`]: the rules of one proxy, and the names that its fields have here |
//! | `verdict` | whether a request has a certificate |
//! | `rules` | what a file per proxy says, and the chain that it reads |
//! | `encoding`, `pem` | base64, percent encoding, DER and PEM |

mod alb;
mod apache;
mod azure;
mod caddy;
mod choice;
mod cloudflare;
mod cloudfront;
mod encoding;
mod envoy;
mod gcp;
mod haproxy;
mod name;
mod nginx;
mod pem;
mod rfc9440;
mod rules;
#[cfg(test)]
mod tests;
mod traefik;
mod verdict;

pub use choice::Dialect;
pub use name::InvalidFieldName;
pub(crate) use name::field_name;
pub(crate) use rules::Fault;
pub(crate) use verdict::{Presence, Value, Values};

//! Real files and real handshakes, each over every TLS stack that is compiled in.

mod anchors;
mod audit;
mod cas;
mod files;
mod forwarded;
#[cfg(feature = "metrics")]
mod gauges;
mod handshake;
mod large;
mod lists;
mod overdue;
mod pki;
mod reload;
mod resumption;
mod revoked;
mod vouched;
mod wire;

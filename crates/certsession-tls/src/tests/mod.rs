//! Real files and real handshakes, each over every TLS stack that is compiled in.

mod anchors;
mod audit;
mod cas;
mod files;
mod forwarded;
mod handshake;
mod large;
mod pki;
mod reload;
mod resumption;
mod revoked;
mod vouched;
mod wire;

//! Whether a client may resume an earlier TLS session.

/// Whether a client may resume an earlier TLS session instead of a full handshake.
///
/// On a resumed connection no TLS stack verifies the certificate again: it would be let in after
/// it has expired, was revoked, or after its CA was taken away. So it is off unless it is asked
/// for; and where it is on, each resumed connection's certificate is verified anew, against the
/// CAs and the revocation list of that moment, before a request is served. What is left is what
/// the client saves: one round trip, and its signature.
///
/// A ticket key, or a cache, belongs to one [`MutualTls`](super::MutualTls) and is made with it:
/// there is no way to hand it to another, under whose CAs a certificate was never verified.
/// It works with [`bind_mutual_tls`](super::BindMutualTls) alone, whose hook verifies anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resumption {
    /// Each connection is a full handshake. The default.
    #[default]
    Off,
    /// By tickets: the client keeps the state, sealed with a key that the server draws.
    Tickets,
    /// By name: the server keeps the state of the last sessions.
    Cache,
}

/// How many sessions the server keeps the state of, with [`Resumption::Cache`].
pub(super) const CACHE_SIZE: usize = 10_000;

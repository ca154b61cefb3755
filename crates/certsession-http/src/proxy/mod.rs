//! The peer of a request that came through a proxy.
//!
//! A proxy that ends TLS tells the application in header fields which certificate the client has
//! proved to hold. Anyone can write such fields, so they count under these rules, all of them:
//!
//! 1. The sender of the connection is authenticated as the proxy: by its own certificate over mutual
//!    TLS, by a Unix socket, or by its exact address and a shared secret. Any other sender is
//!    rejected, and never served as a client without a certificate.
//! 2. One dialect is configured, and one instance of its field is read. A value that is unparsable,
//!    repeated, too large, or not verified by the proxy is rejected. Each dialect says what counts as
//!    no certificate.
//! 3. The application verifies the leaf against the client CAs too. So a proxy that passes unverified
//!    certificates on is a refusal, and not a hole.
//! 4. The peer is one of the *request*: proxies use one connection for many clients. What was verified
//!    is remembered by the field's value; validity and revocation are judged on each request.
//! 5. Certificate fields are removed before a handler sees the request, and count for nothing on a
//!    direct connection.
//!
//! That the client holds the certificate's key is the proxy's word.
//!
//! | file | subject |
//! |---|---|
//! | `trusted` | [`TrustedProxies`] and its builder: who the proxy is, and what it may say |
//! | `hop` | the sender of a connection, compared with the configured proxy |
//! | `peer` | the peer of one request |
//! | `dialect` | what each proxy writes |
//! | `cache` | what was verified before |
//! | `fields` | the names of certificate fields, and their removal |
//! | `client_address` | the client's address, as the proxy saw it |
//! | `mistaken` | signs that a proxy is taken for a client |

mod cache;
mod client_address;
mod dialect;
mod fields;
mod hop;
mod mistaken;
mod peer;
mod trusted;

pub use client_address::{AddressField, ClientAddress};
pub use dialect::{Dialect, InvalidFieldName};
pub use fields::is_certificate_field;
pub use hop::{Hop, ProxySecret, WeakSecret};
pub(crate) use mistaken::SharedCertificates;
pub use mistaken::{report_direct_certificate_field, warn_if_known_proxy};
pub use peer::{ForwardedPeer, PeerSource};
pub use trusted::{TrustedProxies, TrustedProxiesBuilder, TrustedProxiesError};

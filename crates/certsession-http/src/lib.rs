//! What every HTTP adapter of certsession shares.
//!
//! It knows no web framework and no crate of HTTP types: cookies come in as bytes, header fields go
//! out through [`HeaderFields`]. An adapter (such as certsession-actix) feeds the driver and
//! implements its framework's traits; it decides no rule.
//!
//! | the way of a request | |
//! |---|---|
//! | [`SessionDriver::open`] | cookie and peer in; the session of the request, or a refusal |
//! | [`RequestSession`], [`LateSession`] | what the handler holds |
//! | [`SessionDriver::settle`] | commits what the handler did |
//! | [`Settled`], [`HeadChanges`] | the outcome, and the header fields of the response |
//! | [`Error`], [`PublicResponse`] | what the client sees of a failure |
//!
//! | file | subject |
//! |---|---|
//! | `driver` | the way of a request, in order |
//! | `cookie` | the session cookie: found, written and removed |
//! | `session`, `late` | the session in a handler, and after the response head |
//! | `response`, `error` | header fields, statuses and the public line |
//! | `in_flight` | ends that finish although their request does not; what a shutdown waits for |
//! | `ended`, `revoked` | waiting for a session's end; ending the sessions of revoked certificates |
//! | `adapter` | the same session as an adapter's own types |
//! | `backend` | the rules without the type of their store |
//! | `proxy` | the peer of a request that came through a proxy; fields that no handler sees |

mod adapter;
mod backend;
mod cookie;
mod driver;
mod ended;
mod error;
mod in_flight;
mod late;
mod proxy;
mod response;
mod revoked;
mod session;

#[doc(hidden)]
pub use adapter::export;
pub use cookie::{InvalidCookieName, SameSite};
pub use driver::{OpenRequest, RequestHead, SessionDriver, Settled, Settling};
pub use error::{Error, PublicResponse, SetUpFault, SetUpFaultKind};
pub use late::LateSession;
pub use proxy::{
    AddressField, ClientAddress, Dialect, ForwardedPeer, Hop, InvalidFieldName, PeerSource,
    ProxySecret, TrustedProxies, TrustedProxiesBuilder, TrustedProxiesError, WeakSecret,
    is_certificate_field, report_direct_certificate_field, warn_if_known_proxy,
};
pub use response::{Field, HeadChanges, HeaderFields, UnwritableField};
pub use session::RequestSession;

//! What every HTTP adapter of certsession shares.
//!
//! It knows no web framework and no crate of HTTP types: cookies come in as bytes, header fields go
//! out through [`HeaderFields`]. An adapter (such as certsession-actix) feeds the driver and
//! implements its framework's traits; it decides no rule.
//!
//! The [book] has a tutorial, guides for each task, and all settings, statuses and events. Rust
//! 1.89 or newer: [supported versions].
//!
//! [book]: https://github.com/certsession/certsession/blob/main/docs/SUMMARY.md
//! [supported versions]: https://github.com/certsession/certsession/blob/main/docs/support.md
//!
//! Features: `development-http` has what development over plain HTTP needs in builds without debug
//! assertions too. `metrics` counts requests through the facade of the crate `metrics`. None is on by
//! default.
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
//! | `cross_site` | the guard against requests that another site's page made |
//! | `session`, `late` | the session in a handler, and after the response head |
//! | `step_up`, `sign_in_page` | who is signed in, how strongly and since when; the redirect to the sign-in page |
//! | `confirmation` | access tokens that are bound to the certificate |
//! | `once` | single-use values, flash messages, the tokens of forms |
//! | `response`, `error` | header fields, statuses and the public line |
//! | `in_flight` | ends that finish although their request does not; what a shutdown waits for |
//! | `ended`, `revoked` | waiting for a session's end; ending the sessions of revoked certificates |
//! | `meter` | metrics, with the feature `metrics` |
//! | `adapter` | the same session as an adapter's own types |
//! | `backend` | the rules without the type of their store |
//! | `development` | the peer of a request over plain HTTP on the same machine |
//! | `proxy` | the peer of a request that came through a proxy; fields that no handler sees |

mod adapter;
mod backend;
mod confirmation;
mod cookie;
mod cross_site;
#[cfg(any(debug_assertions, feature = "development-http"))]
mod development;
mod driver;
mod ended;
mod error;
mod in_flight;
mod late;
#[cfg(feature = "metrics")]
mod meter;
mod once;
mod proxy;
mod response;
mod revoked;
mod session;
mod sign_in_page;
mod step_up;

#[doc(hidden)]
pub use adapter::export;
pub use confirmation::Confirmation;
pub use cookie::{InvalidCookieName, SameSite};
pub use cross_site::{
    CrossSiteGuard, FieldValue, InvalidOrigin, SiteFields, upgrades_to_web_socket,
};
#[cfg(any(debug_assertions, feature = "development-http"))]
pub use development::{announce_development, development_peer};
pub use driver::{OpenRequest, RequestHead, SessionDriver, Settled, Settling};
pub use error::{Error, PublicResponse, SetUpFault, SetUpFaultKind};
pub use late::LateSession;
pub use proxy::{
    AddressField, ClientAddress, Dialect, ForwardedPeer, Hop, InvalidFieldName, PeerSource,
    ProxySecret, TrustedProxies, TrustedProxiesBuilder, TrustedProxiesError, WeakSecret,
    is_certificate_field, report_direct_certificate_field, warn_if_known_proxy,
};
pub use response::{HeadChanges, HeaderFields, UnwritableField};
pub use session::RequestSession;
pub use sign_in_page::{InvalidSignInPage, Navigation, ReturnTo};
pub use step_up::{RoleName, SessionName};

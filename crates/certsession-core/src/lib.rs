//! Sessions bound to the TLS client certificate: the model and its rules.
//!
//! This crate decides which session a request may use and what it may do with it. It knows neither
//! HTTP nor TLS nor any store's engine. An adapter (such as certsession-actix) supplies the cookie
//! and the peer's certificate; a store keeps the records.
//!
//! The [book] has a tutorial, guides for each task, and all settings, statuses and events. Rust
//! 1.89 or newer: [supported versions].
//!
//! [book]: https://github.com/certsession/certsession/blob/main/docs/SUMMARY.md
//! [supported versions]: https://github.com/certsession/certsession/blob/main/docs/support.md
//!
//! | a request, step by step | |
//! |---|---|
//! | [`PeerState`], [`PeerCertificate`] | what the TLS peer proved, parsed once per connection |
//! | [`Presented`], [`Token`] | the session cookie of the request |
//! | [`SessionManager::open`] | decides which session the request gets, if any: the numbered rules |
//! | [`Session`], [`Key`], [`SignIn`] | what the handler reads and changes |
//! | [`OneTime`], [`Nonce`], [`Flash`], [`CsrfToken`] | values that one request gets: OAuth state, messages; a form's token |
//! | [`SessionManager::execute`] | commits the changes to the store |
//! | [`CookieChange`] | how the response changes the cookie |
//! | [`SessionAdmin`], [`Page`], [`SessionSummary`] | lists and ends sessions from outside |
//!
//! | stored data | |
//! |---|---|
//! | [`Record`], [`Binding`], [`TokenHash`], [`Data`] | a session in a store, without a usable token |
//! | [`SessionStore`], [`Commit`], [`Record::apply`] | the store contract, and the one rule for every commit |
//! | [`MemoryStore`] | the embedded store |
//!
//! | configuration | |
//! |---|---|
//! | [`CertificatePolicy`] | whether a session may begin without a certificate |
//! | [`BindingPolicy`], [`RenewedBy`] | which certificates may use a session |
//! | [`Lifetimes`] | idle, absolute and renewal timeout |
//! | [`Admission`], [`OnReplay`] | how many sessions a principal may have; what happens on a replay |
//! | [`ApplicationKeys`], [`ApplicationKey`] | read encrypted data without the session's token |
//! | [`RevocationList`], [`OnOverdueCrl`] | which certificates are revoked; what happens with an overdue list |
//! | [`Clock`], [`EventSink`] | the source of time, and the receiver of events |
//!
//! No feature is on by default. `metrics` counts what is decided, through the facade of the crate
//! `metrics`. `test-util` adds `conformance`, the store contract as a test suite, and `test_util`: a
//! clock that tests set, a store that fails on command, a log of events.
//!
//! ```
//! use certsession_core::{Key, MemoryStore, PeerState, Presented, SessionManager};
//! # use std::future::Future;
//! # use std::task::{Context, Poll, Waker};
//! # // The memory store's futures are always ready.
//! # fn now<T>(future: impl Future<Output = T>) -> T {
//! #     match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
//! #         Poll::Ready(value) => value,
//! #         Poll::Pending => unreachable!(),
//! #     }
//! # }
//!
//! const NAME: Key<String> = Key::new("name");
//!
//! # now(async {
//! let sessions = SessionManager::new(MemoryStore::new());
//! let mut session = sessions.open(Presented::None, &PeerState::Absent).await?;
//! assert_eq!(session.get(&NAME)?, None);
//! // No session can begin without a certificate.
//! assert!(session.insert(&NAME, "Alice").is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod application_keys;
mod bind_when_present;
mod binding;
mod certificate;
#[cfg(feature = "test-util")]
pub mod conformance;
mod data;
mod details;
mod end_notifier;
mod event;
mod event_details;
mod event_line;
mod handle;
mod leb128;
mod lifetimes;
mod manager;
mod memory;
#[cfg(feature = "metrics")]
mod meter;
mod names;
mod nonce;
mod portions;
mod principal;
mod random;
mod record;
mod revision;
mod revocation;
mod rules;
mod seal;
mod session;
mod stamp;
mod store;
#[cfg(feature = "test-util")]
pub mod test_util;
mod time;
mod token;

pub use application_keys::{ApplicationKey, ApplicationKeyError, ApplicationKeys, DecryptError};
pub use bind_when_present::{BindWhenPresent, CertificatePolicy};
pub use binding::{Binding, BindingPolicy, RenewedBy};
pub use certificate::{
    CaCertificate, CertificateError, ChainVerifier, Fingerprint, IdentityName, InvalidHash,
    IssuerHash, KeyUsage, MAX_CERTIFICATE_SIZE, PeerCertificate, PeerState, PresentedCertificate,
    PublicKeyHash, RejectedCertificate, SerialNumber, SpiffeIdFault, TrustAnchor, ValidityError,
};
pub use data::{Data, DecodeError, Key};
pub use details::{Device, Elevation};
pub use event::{
    EndReason, EventSink, Refusal, RevocationReason, RotationReason, SessionEvent, StoreOperation,
};
pub use event_details::{Actor, EventDetails, RequestInfo};
pub use handle::{Handle, InvalidHandle};
pub use lifetimes::{Lifetimes, ZeroLifetime};
pub use manager::{
    Health, OpenRequest, Presented, RevocationWorker, SessionAdmin, SessionManager,
    SessionManagerBuilder,
};
pub use memory::MemoryStore;
pub use names::{AuthMethod, InvalidName, Role};
pub use nonce::Nonce;
pub use principal::{InvalidPrincipal, Principal};
pub use random::RandomError;
pub use record::{Record, SessionSummary, UnreadableRecord};
pub use revision::Revision;
pub use revocation::{
    Crl, CrlError, CrlProblem, CrlReport, CrlStatus, CrlVerifier, MAX_CRL_SIZE, OnOverdueCrl,
    Revocation, RevocationList, RevocationStatus, SignatureVerifier,
};
pub use rules::OnReplay;
pub use session::{
    CommitResult, CookieChange, CsrfToken, Flash, FlashLevel, OneTime, PendingCommit, Session,
    SessionError, SessionState, SessionWatch, SignIn,
};
pub use store::{
    Admission, Commit, Creation, Cursor, Decision, InvalidCursor, OnLimit, Outcome, Owner,
    OwnerKey, Page, Removal, SessionPage, SessionStore, StoreError, StoreErrorKind,
};
pub use time::{Clock, SystemClock, Timestamp};
pub use token::{InvalidToken, Token, TokenHash};

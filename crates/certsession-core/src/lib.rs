//! Sessions bound to the TLS client certificate: the model and its rules.

mod binding;
mod certificate;
#[cfg(feature = "test-util")]
pub mod conformance;
mod data;
mod event;
mod handle;
mod lifetimes;
mod manager;
mod memory;
mod principal;
mod random;
mod record;
mod session;
mod store;
#[cfg(feature = "test-util")]
pub mod test_util;
mod time;
mod token;

pub use binding::{Binding, BindingPolicy};
pub use certificate::{
    CertificateError, Fingerprint, IssuerHash, MAX_CERTIFICATE_SIZE, PeerCertificate, PeerState,
    PublicKeyHash, SerialNumber, SpiffeIdFault, ValidityError,
};
pub use data::{Data, Key};
pub use event::{
    EndReason, EventSink, Refusal, RevocationReason, RotationReason, SessionEvent, StoreOperation,
};
pub use handle::{Handle, InvalidHandle};
pub use lifetimes::{Lifetimes, ZeroLifetime};
pub use manager::{OnReplay, OpenError, Presented, SessionManager, SessionManagerBuilder};
pub use memory::MemoryStore;
pub use principal::{InvalidPrincipal, Principal};
pub use random::RandomError;
pub use record::Record;
pub use session::{CommitError, CookieChange, Done, Session, SessionError, SignIn, Work};
pub use store::{
    Admission, Commit, Creation, Decision, OnLimit, Outcome, Owner, OwnerKey, SessionStore,
    StoreError, StoreErrorKind,
};
pub use time::{Clock, SystemClock, Timestamp};
pub use token::{InvalidToken, Proof, Token};

//! A request whose session is to be opened, and what is found for it.

use std::sync::Arc;

use crate::certificate::{PeerCertificate, PeerState};
use crate::event_details::{EventDetails, RequestInfo};
use crate::handle::Handle;
use crate::record::Record;
use crate::session::Base;
use crate::time::Timestamp;
use crate::token::{Token, TokenHash};

/// The session cookies of a request.
#[derive(Clone, Copy)]
pub enum Presented<'a> {
    /// There is none.
    None,
    /// There is one, with this text.
    One(&'a [u8]),
    /// There are several. One may have been planted, so none is used.
    Several,
}

impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::One(_) => "One(..)",
            Self::Several => "Several",
        })
    }
}

/// A request, as [`SessionManager::open_request`](crate::SessionManager::open_request) needs it.
#[derive(Clone, Copy, Debug)]
pub struct OpenRequest<'r> {
    /// The session cookies.
    pub presented: Presented<'r>,
    /// The peer of the connection.
    pub peer: &'r PeerState,
    /// Whether a copy of the record that this process holds may serve the request: see
    /// [`SessionManager::open_near`](crate::SessionManager::open_near).
    pub reads_near: bool,
    /// What events say of the request.
    pub request: RequestInfo<'r>,
}

/// The input of a lookup: the token, the peer's certificate and the time.
pub(super) struct Lookup<'p> {
    pub(super) request: &'p OpenRequest<'p>,
    pub(super) handle: Handle,
    pub(super) token_hash: TokenHash,
    pub(super) certificate: Option<&'p Arc<PeerCertificate>>,
    pub(super) now: Timestamp,
}

impl<'p> Lookup<'p> {
    pub(super) fn details(&self) -> EventDetails<'p> {
        EventDetails::of_request(self.request.request, self.certificate.map(Arc::as_ref))
    }
}

/// The result of looking up a token.
pub(super) enum LookupResult {
    Session(Base),
    /// This session began without a certificate: it is judged in a step of its own.
    Unbound(Arc<Record>),
    /// The session was bound to the request's certificate just now.
    Bound(Box<Bound>),
    /// The token of this session was replaced, and the request came with the old one.
    Replayed(Arc<Record>),
    Replaced,
    /// The session of the certificate before this one.
    Renewed,
    Nothing,
}

/// A session that was bound just now, and its new token.
pub(super) struct Bound {
    pub(super) base: Base,
    pub(super) token: Token,
}

//! The way of one request.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::HttpMessage;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, forward_ready};
use certsession_core::{PeerState, Session, SessionManager, SessionStore, Work};

use super::Shared;
use super::drain::drain;
use super::ending::EndingGuard;
use super::respond::respond;
use crate::error::{Error, SetUpFault};
use crate::extract::{Backend, CertSession};
use crate::tls::CapturedPeer;

/// The service that [`CertSessionMiddleware`](super::CertSessionMiddleware) puts around another.
#[allow(missing_debug_implementations, reason = "actix names it, nobody else")]
pub struct CertSessionService<S, I> {
    // Shared with each request's future, which outlives the call.
    inner: Rc<I>,
    shared: Arc<Shared<S>>,
    backend: Rc<dyn Backend>,
}

impl<S: SessionStore, I> CertSessionService<S, I> {
    pub(super) fn new(inner: Rc<I>, shared: Arc<Shared<S>>) -> Self {
        let backend = Rc::new(shared.manager.clone());
        Self {
            inner,
            shared,
            backend,
        }
    }
}

impl<S, I, B> Service<ServiceRequest> for CertSessionService<S, I>
where
    S: SessionStore,
    I: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;

    forward_ready!(inner);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let inner = Rc::clone(&self.inner);
        let shared = Arc::clone(&self.shared);
        let backend = Rc::clone(&self.backend);
        Box::pin(async move {
            let session = match open(&shared, &request).await {
                Ok(session) => session,
                Err(error) => {
                    Box::pin(drain(&mut request)).await;
                    return Err(error.into());
                }
            };
            let session = CertSession::new(session, backend);
            request.extensions_mut().insert(session.clone());

            let ending = EndingGuard::new(&session);
            let result = inner.call(request).await;
            let committed = match session.begin_commit() {
                // Boxed, as each request would have to have room for it, and most merely read.
                Some(work) => Box::pin(settle(&session, &shared.manager, work)).await,
                None => Ok(()),
            };
            ending.disarm();

            respond(result, committed, &session, &shared.settings.cookie)
        })
    }
}

async fn open<S: SessionStore>(
    shared: &Shared<S>,
    request: &ServiceRequest,
) -> Result<Session, Error> {
    let presented = shared.settings.cookie.find(request.headers());
    let seamed;
    let peer = match request.conn_data() {
        Some(CapturedPeer(peer)) => peer,
        None => {
            seamed = seamed_peer(request).ok_or_else(|| SetUpFault::HookMissing.report())?;
            &seamed
        }
    };
    let opened = match shared.reads_near(request) {
        true => shared.manager.open_near(presented, peer).await,
        false => shared.manager.open(presented, peer).await,
    };
    Ok(opened?)
}

/// The peer that a test has set. A connection that came through the hook never gets here.
#[cfg(feature = "test-util")]
fn seamed_peer(request: &ServiceRequest) -> Option<PeerState> {
    crate::test_util::peer_of(request)
}

#[cfg(not(feature = "test-util"))]
fn seamed_peer(_: &ServiceRequest) -> Option<PeerState> {
    None
}

async fn settle<S: SessionStore>(
    session: &CertSession,
    manager: &SessionManager<S>,
    work: Work,
) -> Result<(), Error> {
    if work.ends_session() || work.signs_in() {
        // A client that hangs up now drops this future; the work goes through all the same.
        return session.perform_detached(work).await;
    }
    let done = manager.perform(work).await;
    session.finish_commit(done)
}

//! The way of one request.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use certsession_core::{PeerState, PendingCommit, SessionManager, SessionStore};

use super::Shared;
use super::drain::drain;
use super::ending::EndingGuard;
use super::respond::respond;
use crate::error::{Error, SetUpFault};
use crate::extract::{Backend, CertSession};
use crate::tls::CapturedPeer;

/// The service that [`CertSessionMiddleware`](super::CertSessionMiddleware) puts around another.
#[allow(missing_debug_implementations, reason = "actix names it, nobody else")]
pub struct CertSessionService<S, I>(Rc<Parts<S, I>>);

/// What each request's future holds on to, as it outlives the call.
struct Parts<S, I> {
    inner: I,
    shared: Arc<Shared<S>>,
    backend: Rc<dyn Backend>,
}

impl<S: SessionStore, I> CertSessionService<S, I> {
    pub(super) fn new(inner: I, shared: Arc<Shared<S>>) -> Self {
        let backend = Rc::new(shared.manager.clone());
        Self(Rc::new(Parts {
            inner,
            shared,
            backend,
        }))
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

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.inner.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let parts = Rc::clone(&self.0);
        Box::pin(async move {
            let session = match open(&parts.shared, &request, &parts.backend).await {
                Ok(session) => session,
                Err(error) => return Box::pin(refuse(request, error)).await,
            };
            request.extensions_mut().insert(session.clone());

            let ending = EndingGuard::new(&session);
            let result = parts.inner.call(request).await;
            let Some(pending) = session.begin_commit() else {
                ending.disarm();
                return respond(result, Ok(()), &session, &parts.shared.settings.cookie);
            };
            // Boxed, as each request would have to have room for it, and most merely read.
            Box::pin(async move {
                let Shared { manager, settings } = &*parts.shared;
                let committed = settle(&session, manager, pending).await;
                ending.disarm();
                respond(result, committed, &session, &settings.cookie)
            })
            .await
        })
    }
}

async fn open<S: SessionStore>(
    shared: &Shared<S>,
    request: &ServiceRequest,
    backend: &Rc<dyn Backend>,
) -> Result<CertSession, Error> {
    let presented = shared.settings.cookie.find(request.headers());
    let from_test;
    let peer = match request.conn_data() {
        Some(CapturedPeer(peer)) => peer,
        None => {
            from_test = test_peer(request).ok_or_else(|| SetUpFault::HookMissing.report())?;
            &from_test
        }
    };
    let opened = match shared.reads_near(request) {
        true => shared.manager.open_near(presented, peer).await,
        false => shared.manager.open(presented, peer).await,
    };
    Ok(CertSession::new(opened?, Rc::clone(backend)))
}

async fn refuse<T>(mut request: ServiceRequest, error: Error) -> Result<T, actix_web::Error> {
    drain(&mut request).await;
    Err(error.into())
}

/// The peer that a test has set. A connection that came through the hook never gets here.
#[cfg(feature = "test-util")]
fn test_peer(request: &ServiceRequest) -> Option<PeerState> {
    crate::test_util::peer_of(request)
}

#[cfg(not(feature = "test-util"))]
fn test_peer(_: &ServiceRequest) -> Option<PeerState> {
    None
}

async fn settle<S: SessionStore>(
    session: &CertSession,
    manager: &SessionManager<S>,
    pending: PendingCommit,
) -> Result<(), Error> {
    if pending.ends_session() || pending.signs_in() {
        // A client that hangs up now drops this future; the work goes through all the same.
        return session.execute_detached(pending).await;
    }
    // In a box of its own: with what is around it, it is too large for the allocator's quick sizes.
    let result = Box::pin(manager.execute(pending)).await;
    session.finish_commit(result)
}

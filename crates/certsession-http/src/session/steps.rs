//! The steps of a request's commit, for the driver and for handlers that commit themselves.

use std::future::Future;
use std::sync::atomic::Ordering;

use certsession_core::{CommitResult, PendingCommit, Session};
use tracing::Span;

use super::{ClosedHead, RequestSession};
use crate::error::Error;
use crate::in_flight::EndStep;

impl RequestSession {
    /// Takes the changes out of the session, with the device if the session is new.
    pub(crate) fn begin_commit(&self, session: &mut Session) -> Option<PendingCommit> {
        if let Some(device) = self.0.device.get() {
            session.describe_if_new(device);
        }
        session.begin_commit()
    }

    /// Begins the commit of the request. If there is nothing to commit, the response head is sent
    /// in the same step: see [`close_head`](Self::close_head).
    #[allow(
        clippy::result_large_err,
        reason = "no error: a commit is moved once, and a box would be an allocation for each"
    )]
    pub(crate) fn begin_last_commit(&self) -> Result<ClosedHead, PendingCommit> {
        let mut session = self.lock();
        match self.begin_commit(&mut session) {
            Some(pending) => Err(pending),
            None => Ok(self.close(&mut session)),
        }
    }

    /// Executes a commit as a part of the request: if the request is dropped, so is the commit.
    pub(crate) async fn execute(&self, pending: PendingCommit) -> Result<(), Error> {
        let result = self.0.context.backend.execute(pending).await;
        self.finish_commit(result)
    }

    /// Executes a commit that must not be lost half-way. It is begun here, before the returned
    /// future is polled.
    pub(crate) fn execute_detached(
        &self,
        pending: PendingCommit,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let this = self.clone();
        let end = EndStep::of(&pending);
        self.finish(end, async move { this.execute(pending).await })
    }

    /// As [`execute`](Self::execute), as the last commit of the request: the response head is sent in
    /// the same step, so that no change can come in between and be lost.
    pub(crate) async fn execute_last(
        &self,
        pending: PendingCommit,
    ) -> (Result<(), Error>, ClosedHead) {
        self.finish_last(self.0.context.backend.execute(pending).await)
    }

    /// Takes back the result of the last commit, and marks the response head as sent.
    pub(crate) fn finish_last(&self, result: CommitResult) -> (Result<(), Error>, ClosedHead) {
        let mut session = self.lock();
        let committed = session.finish_commit(result).map_err(Error::from);
        (committed, self.close(&mut session))
    }

    /// As [`execute_last`](Self::execute_last), for a commit that must not be lost half-way.
    pub(crate) fn execute_last_detached(
        &self,
        pending: PendingCommit,
    ) -> impl Future<Output = Result<(Result<(), Error>, ClosedHead), Error>> + Send + use<> {
        let this = self.clone();
        let end = EndStep::of(&pending);
        self.finish(end, async move { Ok(this.execute_last(pending).await) })
    }

    /// What is left to do of a request that was dropped: an end that it asked for, and the span in
    /// which it did. What drops the request may be outside of that.
    pub(crate) fn abandon(&self) -> Option<(PendingCommit, Span)> {
        let pending = self.lock().abandon()?;
        let span = self.0.ended_in.get();
        Some((
            pending,
            span.map_or_else(Span::none, |span| Span::clone(span)),
        ))
    }

    /// Marks the response head as sent.
    pub(crate) fn close_head(&self) -> ClosedHead {
        self.close(&mut self.lock())
    }

    fn close(&self, session: &mut Session) -> ClosedHead {
        session.mark_head_sent();
        ClosedHead {
            cookie: session.take_cookie(),
            is_personal: self.0.is_used.load(Ordering::Relaxed),
        }
    }

    fn finish_commit(&self, result: CommitResult) -> Result<(), Error> {
        Ok(self.lock().finish_commit(result)?)
    }

    pub(super) fn finish<T, F>(
        &self,
        end: Option<EndStep>,
        step: F,
    ) -> impl Future<Output = Result<T, Error>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.0
            .context
            .in_flight
            .finish(&self.0.context.backend, end, step)
    }
}

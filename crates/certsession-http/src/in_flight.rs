//! Steps that finish although the request that asked for them does not.
//!
//! A client that hangs up, a timeout around the handler or a panic drops the request's future. An
//! end that was begun by then is finished: in a task of its own, which [`InFlight`] counts so that a
//! graceful shutdown can wait for it. If the runtime of that task is shut down under it, as
//! actix-web does with a worker's, a thread of its own takes the end over.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use certsession_core::{
    Actor, Handle as SessionHandle, Owner, PendingCommit, Principal, StoreError, StoreErrorKind,
};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tracing::{Instrument, Span};

use crate::backend::Backend;
use crate::error::Error;

/// How long an end may take that is finished after its runtime was shut down.
const LAST_ATTEMPT: Duration = Duration::from_secs(10);

/// Counts the steps that are not finished. Clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Counter>);

#[derive(Debug, Default)]
struct Counter {
    steps: AtomicUsize,
    none_left: Notify,
}

impl InFlight {
    /// Runs a step in a task of its own. It is begun here, and not when the returned future is
    /// first polled; that only waits for it, and may be dropped.
    pub(crate) fn finish<T, F>(
        &self,
        backend: &Arc<dyn Backend>,
        end: Option<EndStep>,
        step: F,
    ) -> impl Future<Output = Result<T, Error>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        // A task has no span of its own: its events are those of the request.
        let span = Span::current();
        let mut takeover = Takeover {
            end: end.map(|end| (end, Arc::clone(backend))),
            span: span.clone(),
            ticket: Some(self.ticket()),
        };
        let step = async move {
            let outcome = step.await;
            takeover.end = None;
            drop(takeover);
            outcome
        }
        .instrument(span);
        // Without a runtime the step is dropped, and a thread takes over the end in it.
        let task = Handle::try_current().map(|runtime| runtime.spawn(step));
        async move {
            let unavailable = StoreErrorKind::Unavailable;
            let stopped = match task {
                Ok(task) => match task.await {
                    Ok(outcome) => return outcome,
                    Err(error) => StoreError::with_source(unavailable, error),
                },
                Err(error) => StoreError::with_source(unavailable, error),
            };
            Err(stopped.into())
        }
    }

    /// Waits until no step is left, or for `at_most`. True if none is left.
    pub(crate) async fn drain(&self, at_most: Duration) -> bool {
        let drained = async {
            loop {
                let none_left = self.0.none_left.notified();
                tokio::pin!(none_left);
                // Register before reading the count: the last step may end in between.
                none_left.as_mut().enable();
                if self.0.steps.load(Ordering::SeqCst) == 0 {
                    return;
                }
                none_left.await;
            }
        };
        tokio::time::timeout(at_most, drained).await.is_ok()
    }

    fn ticket(&self) -> Ticket {
        self.0.steps.fetch_add(1, Ordering::SeqCst);
        Ticket(Arc::clone(&self.0))
    }
}

/// One step that is not finished.
struct Ticket(Arc<Counter>);

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.0.steps.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.none_left.notify_waiters();
        }
    }
}

/// An end. It may be carried out twice without harm, because an end is final.
pub(crate) enum EndStep {
    /// The end in a commit. Executed by the rules of every commit: a session without a certificate
    /// does not end if one has bound it meanwhile.
    Commit(Box<PendingCommit>),
    OwnSession(Principal, SessionHandle),
    /// All of this principal's but one.
    OthersOf(Principal, SessionHandle),
    AllOf(Principal),
}

impl EndStep {
    /// The end that a commit makes, if it makes one.
    pub(crate) fn of(pending: &PendingCommit) -> Option<Self> {
        pending.end_alone().map(Box::new).map(Self::Commit)
    }

    async fn run(self, backend: &dyn Backend) {
        // A failure is an event already, and nothing is left that could try again.
        match self {
            Self::Commit(end) => drop(backend.execute(*end).await),
            Self::OwnSession(principal, handle) => {
                drop(backend.revoke_own(&principal, handle).await);
            }
            Self::OthersOf(principal, own) => {
                drop(backend.revoke_others(&principal, own).await);
            }
            Self::AllOf(principal) => {
                let owner = Owner::Principal(principal.clone());
                let actor = Actor::Principal(&principal);
                drop(backend.revoke_all(&owner, actor).await);
            }
        }
    }
}

/// Finishes an end in a new thread if its task is dropped first: then the task's runtime is gone,
/// with its connections.
struct Takeover {
    end: Option<(EndStep, Arc<dyn Backend>)>,
    span: Span,
    ticket: Option<Ticket>,
}

impl Drop for Takeover {
    fn drop(&mut self) {
        let Some((end, backend)) = self.end.take() else {
            return;
        };
        let (span, ticket) = (self.span.clone(), self.ticket.take());
        let thread = std::thread::Builder::new().name("certsession-end".to_owned());
        let spawned = thread.spawn(move || {
            let _entered = span.entered();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            match runtime {
                Ok(runtime) => {
                    let attempt =
                        async { tokio::time::timeout(LAST_ATTEMPT, end.run(&*backend)).await };
                    if runtime.block_on(attempt).is_err() {
                        tracing::error!(
                            target: "certsession",
                            "an end was lost: the store did not answer before the process ended",
                        );
                    }
                }
                Err(error) => tracing::error!(
                    target: "certsession",
                    %error,
                    "an end was lost: no runtime to finish it in",
                ),
            }
            drop(ticket);
        });
        if let Err(error) = spawned {
            tracing::error!(
                target: "certsession",
                %error,
                "an end was lost: no thread to finish it in",
            );
        }
    }
}

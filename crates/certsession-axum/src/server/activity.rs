//! What a connection is waiting for, and until when.
//!
//! hyper bounds the time of a request's head over HTTP/1.1 alone, and counts an idle connection as
//! one whose head is late; over HTTP/2 it bounds neither a silent connection nor half a preface, and
//! it takes a response as over that still lies in its buffers. So each connection counts its
//! requests until their last byte is sent, and one timer looks at that.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum_core::body::Body;
use bytes::{Buf, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// How long a connection may wait for its client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    /// For the first byte after the handshake.
    pub(super) first_byte: Duration,
    /// For the rest of a request's head after its first byte.
    pub(super) header: Duration,
    /// For the next request, and for a client to take up more of a response.
    pub(super) idle: Duration,
}

/// What a connection has waited for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// A byte, a head, or the next request.
    Request,
    /// That the client takes up what is sent to it.
    Reading,
}

impl Timeouts {
    pub(super) const DEFAULT: Self = Self {
        first_byte: Duration::from_secs(30),
        header: Duration::from_secs(30),
        idle: Duration::from_secs(60),
    };
}

/// Held by each connection, and by each request, for which a shutdown waits. A WebSocket over
/// HTTP/1.1 is neither any more.
pub(super) type Alive = watch::Receiver<()>;

/// What one connection does. Its requests hold it.
#[derive(Debug)]
pub(super) struct Activity {
    began: Instant,
    is_http2: bool,
    requests: AtomicUsize,
    has_had_requests: AtomicBool,
    /// A WebSocket over HTTP/2 lives as long as it likes.
    has_tunnel: AtomicBool,
    /// Milliseconds since `began`; 0 where no byte of a head has come.
    head_since: AtomicU64,
    idle_since: AtomicU64,
    /// Since when the client has taken up nothing of what is written; 0 where nothing waits.
    blocked_since: AtomicU64,
    close: Notify,
}

impl Activity {
    pub(super) fn new(is_http2: bool) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            is_http2,
            requests: AtomicUsize::new(0),
            has_had_requests: AtomicBool::new(false),
            has_tunnel: AtomicBool::new(false),
            head_since: AtomicU64::new(0),
            idle_since: AtomicU64::new(0),
            blocked_since: AtomicU64::new(0),
            close: Notify::new(),
        })
    }

    pub(super) fn begin_request(self: &Arc<Self>, alive: Alive) -> InProgress {
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.has_had_requests.store(true, Ordering::SeqCst);
        self.head_since.store(0, Ordering::SeqCst);
        InProgress {
            activity: Arc::clone(self),
            _alive: alive,
        }
    }

    pub(super) fn mark_tunnel(&self) {
        self.has_tunnel.store(true, Ordering::SeqCst);
    }

    pub(super) fn has_tunnel(&self) -> bool {
        self.has_tunnel.load(Ordering::SeqCst)
    }

    /// No request begins on the connection any more, and then it is closed: its certificate was
    /// refused, and the client may have another one.
    pub(super) fn close_after_requests(&self) {
        // Kept where nothing waits yet.
        self.close.notify_one();
    }

    /// Resolves when [`close_after_requests`](Self::close_after_requests) was called.
    pub(super) async fn closed_after_requests(&self) {
        self.close.notified().await;
    }

    /// Resolves when no request has been in progress for so long, or the client takes up nothing of
    /// a response any more.
    pub(super) async fn quiet(&self, quiet: Duration, timeouts: Timeouts) {
        loop {
            tokio::time::sleep(quiet).await;
            let idle = self.since(self.idle_since.load(Ordering::SeqCst));
            let is_quiet = !self.is_busy() && idle >= quiet;
            if is_quiet || self.reading_left(timeouts).is_zero() {
                return;
            }
        }
    }

    /// Resolves when the client has let the connection wait for too long.
    pub(super) async fn timed_out(&self, timeouts: Timeouts) -> Late {
        let shortest = timeouts.header.min(timeouts.idle);
        loop {
            let reading = self.reading_left(timeouts);
            if reading.is_zero() {
                return Late::Reading;
            }
            // Where it is busy, the wait for its client begins later: look again in time for that.
            let wait = self.request_left(timeouts).unwrap_or(shortest);
            if wait.is_zero() {
                return Late::Request;
            }
            // Where a wait is not over, a shorter one may have begun in the meantime.
            tokio::time::sleep(wait.min(reading).min(shortest)).await;
        }
    }

    fn reading_left(&self, timeouts: Timeouts) -> Duration {
        match self.blocked_since.load(Ordering::SeqCst) {
            0 => Duration::MAX,
            since => timeouts.idle.saturating_sub(self.since(since)),
        }
    }

    fn request_left(&self, timeouts: Timeouts) -> Option<Duration> {
        if self.is_busy() {
            return None;
        }
        let head_since = self.head_since.load(Ordering::SeqCst);
        let is_first = !self.has_had_requests.load(Ordering::SeqCst);
        let (since, limit) = match (is_first, head_since) {
            (true, 0) => (0, timeouts.first_byte),
            (true, since) => (since, timeouts.header),
            // Frames of HTTP/2 that are no request (a ping, a setting) begin no head.
            (false, since) if since > 0 && !self.is_http2 => (since, timeouts.header),
            (false, _) => (self.idle_since.load(Ordering::SeqCst), timeouts.idle),
        };
        Some(limit.saturating_sub(self.since(since)))
    }

    /// Whether a request is in progress: its response is not sent.
    fn is_busy(&self) -> bool {
        self.requests.load(Ordering::SeqCst) > 0 || self.blocked_since.load(Ordering::SeqCst) > 0
    }

    fn note_bytes(&self) {
        if self.head_since.load(Ordering::Relaxed) == 0 && !self.is_busy() {
            self.head_since.store(self.now(), Ordering::SeqCst);
        }
    }

    /// Notes whether what was to be written has to wait for the client.
    fn note_write<T>(&self, written: &Poll<io::Result<T>>) {
        let is_blocked = self.blocked_since.load(Ordering::Relaxed) > 0;
        match written {
            Poll::Pending if !is_blocked => self.blocked_since.store(self.now(), Ordering::SeqCst),
            // It goes on, but not everything is written.
            Poll::Ready(_) if is_blocked => self.blocked_since.store(self.now(), Ordering::SeqCst),
            Poll::Pending | Poll::Ready(_) => {}
        }
    }

    /// Notes whether everything is written: what uses a connection flushes it after that alone.
    fn note_flush(&self, flushed: &Poll<io::Result<()>>) {
        match flushed {
            Poll::Pending => self.note_write(flushed),
            Poll::Ready(_) if self.blocked_since.load(Ordering::Relaxed) > 0 => {
                self.idle_since.store(self.now(), Ordering::SeqCst);
                self.blocked_since.store(0, Ordering::SeqCst);
            }
            Poll::Ready(_) => {}
        }
    }

    /// How long ago that moment was.
    fn since(&self, moment: u64) -> Duration {
        let moment = Duration::from_millis(moment);
        self.began.elapsed().saturating_sub(moment)
    }

    /// Never 0.
    fn now(&self) -> u64 {
        let now = u64::try_from(self.began.elapsed().as_millis());
        now.unwrap_or(u64::MAX).max(1)
    }
}

/// A request, until its response is sent or given up.
#[derive(Debug)]
pub(super) struct InProgress {
    activity: Arc<Activity>,
    _alive: Alive,
}

impl InProgress {
    pub(super) fn activity(&self) -> &Activity {
        &self.activity
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        let activity = &self.activity;
        activity.idle_since.store(activity.now(), Ordering::SeqCst);
        activity.requests.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The body of a response, while which its request is in progress.
#[derive(Debug)]
pub(super) struct Counted {
    body: Body,
    in_progress: Arc<InProgress>,
}

/// A part of a body. It is dropped when it is sent, which may be long after the body itself.
#[derive(Debug)]
pub(super) struct Part {
    bytes: Bytes,
    _in_progress: Arc<InProgress>,
}

impl Counted {
    pub(super) fn new(body: Body, in_progress: InProgress) -> Self {
        Self {
            body,
            in_progress: Arc::new(in_progress),
        }
    }
}

impl Buf for Part {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }
}

impl HttpBody for Counted {
    type Data = Part;
    type Error = axum_core::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Part>, axum_core::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let part = |bytes| Part {
            bytes,
            _in_progress: Arc::clone(&self.in_progress),
        };
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection whose first bytes of a request are noted.
pub(super) struct Watched<C> {
    pub(super) connection: C,
    pub(super) activity: Arc<Activity>,
}

impl<C: AsyncRead + Unpin> AsyncRead for Watched<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.connection).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.note_bytes();
        }
        read
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Watched<C> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.activity.note_write(&written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.connection).poll_flush(context);
        self.activity.note_flush(&flushed);
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write_vectored(context, slices);
        self.activity.note_write(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }
}

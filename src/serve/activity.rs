//! What one HTTP connection is waiting for, and until when.
//!
//! hyper has one time-out for the head of a request and counts the pause between two requests as
//! part of it; here the two differ, and a client that takes no bytes has a third. Counted on the
//! stream and per request, judged by the task of the connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use chatelaine_http::Conn;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Duration, Instant};

use super::limits::Limits;

const NEVER: u64 = u64::MAX;
/// How long an orderly close may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// The marks of one connection, in milliseconds since it was opened. Touched by one thread only;
/// atomic because hyper wants streams that may travel.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    running: AtomicU32,
    requests_seen: AtomicBool,
    multiplexed: AtomicBool,
    closing: AtomicBool,
    rests_since: AtomicU64,
    head_since: AtomicU64,
    stalled_since: AtomicU64,
}

impl Activity {
    pub(super) fn new() -> Arc<Activity> {
        Arc::new(Activity {
            opened: Instant::now(),
            running: AtomicU32::new(0),
            requests_seen: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            rests_since: AtomicU64::new(0),
            head_since: AtomicU64::new(NEVER),
            stalled_since: AtomicU64::new(NEVER),
        })
    }

    /// Marks a request as running until the guard is dropped with the last piece of its answer.
    pub(super) fn begin(self: &Arc<Activity>, version: hyper::Version) -> Running {
        self.requests_seen.store(true, Relaxed);
        self.multiplexed.store(version == hyper::Version::HTTP_2, Relaxed);
        self.head_since.store(NEVER, Relaxed);
        self.running.fetch_add(1, Relaxed);
        Running(Arc::clone(self))
    }

    /// Marks that the client was told to leave: from the last answer on it has little time for it.
    pub(super) fn close(&self) {
        self.closing.store(true, Relaxed);
        self.rests_since.store(self.now(), Relaxed);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(NEVER - 1)
    }

    fn bytes_read(&self) {
        if self.running.load(Relaxed) == 0 && self.head_since.load(Relaxed) == NEVER {
            self.head_since.store(self.now(), Relaxed);
        }
    }

    fn write_went(&self, stalled: bool) {
        let marked = self.stalled_since.load(Relaxed) != NEVER;
        match (stalled, marked) {
            (true, false) => self.stalled_since.store(self.now(), Relaxed),
            (false, true) => self.stalled_since.store(NEVER, Relaxed),
            _ => {}
        }
    }

    /// When the connection is over unless something happens, and in what way it is then ended.
    pub(super) fn deadline(&self, limits: &Limits) -> (Instant, Patience) {
        let at = |mark: u64, wait: Duration| self.opened + Duration::from_millis(mark) + wait;
        let stalled = self.stalled_since.load(Relaxed);
        if stalled != NEVER {
            return (at(stalled, limits.body_idle), Patience::Drop);
        }
        if self.running.load(Relaxed) > 0 {
            return (Instant::now() + limits.idle, Patience::LookAgain);
        }
        if self.is_closing() {
            return (at(self.rests_since.load(Relaxed), GOODBYE), Patience::Drop);
        }
        let head = self.head_since.load(Relaxed);
        if !self.requests_seen.load(Relaxed) {
            return (at(0, limits.head), Patience::Drop);
        }
        // On HTTP/2 the bytes may be a ping or a window update; hyper bounds its heads by size.
        if head != NEVER && !self.multiplexed.load(Relaxed) {
            return (at(head, limits.head), Patience::Drop);
        }
        (at(self.rests_since.load(Relaxed), limits.idle), Patience::Close)
    }
}

/// What follows when a deadline passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Something is running: no deadline applies, ask again then.
    LookAgain,
    /// The pause was too long: close in order.
    Close,
    /// The client dawdles: drop it.
    Drop,
}

/// A request in progress.
#[derive(Debug)]
pub(super) struct Running(Arc<Activity>);

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Relaxed) == 1 {
            self.0.rests_since.store(self.0.now(), Relaxed);
        }
    }
}

/// A connection whose reads and writes leave their marks.
#[derive(Debug)]
pub(super) struct Watched {
    conn: Conn,
    activity: Arc<Activity>,
}

impl Watched {
    pub(super) fn new(conn: Conn, activity: Arc<Activity>) -> Watched {
        Watched { conn, activity }
    }

    pub(super) fn into_conn(self) -> Conn {
        self.conn
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.conn).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.activity.bytes_read();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.conn).poll_write(cx, buf);
        self.activity.write_went(written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.conn).poll_write_vectored(cx, bufs);
        self.activity.write_went(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.conn.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.conn).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.conn).poll_shutdown(cx)
    }
}

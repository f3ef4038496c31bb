//! A request body whose sender may pause, but not for ever: what every dialect reads from, whatever its protocol.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Duration, Instant, Sleep, sleep};

/// Why a body ends before its end.
#[derive(Debug)]
pub enum Impatience {
    /// Its sender paused for too long.
    TimedOut,
    /// The connection failed under it.
    Broken(hyper::Error),
}

impl std::fmt::Display for Impatience {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Impatience::TimedOut => f.write_str("nothing more of the request came in time"),
            Impatience::Broken(error) => write!(f, "the request broke off: {error}"),
        }
    }
}

impl std::error::Error for Impatience {}

/// A request body with a limit to its pauses.
#[derive(Debug)]
pub struct Patient {
    body: Incoming,
    idle: Duration,
    /// Made by the first pause: most bodies are there at once.
    clock: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub(super) fn new(body: Incoming, idle: Duration) -> Patient {
        Patient { body, idle, clock: None }
    }

    fn waited_too_long(&mut self, cx: &mut Context<'_>) -> bool {
        let clock = self.clock.get_or_insert_with(|| Box::pin(sleep(self.idle)));
        clock.as_mut().poll(cx).is_ready()
    }
}

impl Body for Patient {
    type Data = Bytes;
    type Error = Impatience;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Impatience>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                if let Some(clock) = &mut this.clock {
                    clock.as_mut().reset(Instant::now() + this.idle);
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Impatience::Broken)))
            }
            Poll::Pending if this.waited_too_long(cx) => Poll::Ready(Some(Err(Impatience::TimedOut))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

//! Frames on their way out of one socket: gathered while they wait, written in one call.
//!
//! Written past tungstenite, so the caller flushes tungstenite first and reads nothing until all of
//! it is out: only then can frames of both sides never mix.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use super::Frame;

/// Frames that one write takes at most (the system's own limit is 1,024).
const FRAMES_PER_WRITE: usize = 64;
/// Bytes after which no more frames are gathered.
const BYTES_PER_BATCH: usize = 64 * 1024;
/// A list that grew beyond this is given back once it is empty, so idle sockets stay small.
const FRAMES_KEPT: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Outgoing {
    frames: Vec<Bytes>,
    done: usize,
    bytes: usize,
}

impl Outgoing {
    pub(super) fn push(&mut self, frame: Frame) {
        let frame = frame.into_bytes();
        self.bytes += frame.len();
        self.frames.push(frame);
    }

    pub(super) fn has_room(&self) -> bool {
        self.frames.len() < FRAMES_PER_WRITE && self.bytes < BYTES_PER_BATCH
    }

    /// Writes until nothing is left; keeps its place when the socket takes no more for now.
    pub(super) fn poll_write<S>(&mut self, stream: &mut S, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        S: AsyncWrite + Unpin,
    {
        while let Some(left) = self.frames.get(self.done..).filter(|left| !left.is_empty()) {
            let written = match left {
                [frame] => ready!(Pin::new(&mut *stream).poll_write(cx, frame))?,
                frames => ready!(poll_write_all(stream, cx, frames))?,
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
        }
        self.rest();
        Pin::new(stream).poll_flush(cx)
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(frame) = self.frames.get_mut(self.done) {
            let step = written.min(frame.len());
            frame.advance(step);
            written -= step;
            if !frame.is_empty() {
                return;
            }
            self.done += 1;
        }
    }

    fn rest(&mut self) {
        self.frames.clear();
        self.frames.shrink_to(FRAMES_KEPT);
        self.done = 0;
        self.bytes = 0;
    }
}

fn poll_write_all<S>(stream: &mut S, cx: &mut Context<'_>, frames: &[Bytes]) -> Poll<io::Result<usize>>
where
    S: AsyncWrite + Unpin,
{
    // The slices live on the stack of this call only: a socket at rest pays nothing for them.
    let mut slices = [IoSlice::new(&[]); FRAMES_PER_WRITE];
    let mut count = 0;
    for (slice, frame) in slices.iter_mut().zip(frames) {
        *slice = IoSlice::new(frame);
        count += 1;
    }
    Pin::new(stream).poll_write_vectored(cx, slices.get(..count).unwrap_or(&slices))
}

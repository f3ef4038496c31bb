//! Request bodies that are read whole before anything happens: each is bounded in bytes and in time, all of them together
//! in bytes.
//!
//! The time counts from the start of reading, so a body that drips in ends at the same moment as one that stands still.
//! Bodies that are streamed on, such as uploads, do not come through here: they have their own time-out between pieces. Who
//! gathers messages from a stream takes a share of the same memory for what is not whole yet.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

/// How much is taken in and how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodiesLimits {
    /// Bytes of one body.
    pub one_bytes: usize,
    /// Bytes of all bodies that are in memory at the same time.
    pub all_bytes: usize,
    /// From the start of reading to the last byte.
    pub within: Duration,
}

impl Default for BodiesLimits {
    fn default() -> BodiesLimits {
        BodiesLimits { one_bytes: 1 << 20, all_bytes: 64 << 20, within: Duration::from_secs(30) }
    }
}

/// Why a body was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// It has more bytes than one may have.
    TooLarge,
    /// It broke off before its end.
    Broken,
    /// It was not there in time.
    Slow,
    /// Other bodies fill the memory that is set aside for all.
    Busy,
}

/// The memory for whole bodies; clones share it.
#[derive(Clone, Debug)]
pub struct Bodies {
    limits: BodiesLimits,
    held: Arc<AtomicUsize>,
}

impl Bodies {
    /// Memory that nobody uses yet.
    #[must_use]
    pub fn new(limits: BodiesLimits) -> Bodies {
        Bodies { limits, held: Arc::default() }
    }

    /// Bytes that one body may have.
    #[must_use]
    pub fn one_bytes(&self) -> usize {
        self.limits.one_bytes
    }

    /// How long the whole of one body may take.
    #[must_use]
    pub fn within(&self) -> Duration {
        self.limits.within
    }

    /// A share of the memory that holds nothing yet, for who gathers something piece by piece.
    #[must_use]
    pub fn share(&self) -> Held {
        Held { held: Arc::clone(&self.held), bytes: 0, all: self.limits.all_bytes }
    }

    /// Reads a body to its end, at most `most` bytes of it and never more than one body may have. Its bytes count until
    /// the second part of the answer is dropped.
    pub async fn read<S, E>(&self, stream: S, most: usize) -> Result<(Bytes, Held), BodyFault>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        let gathered = tokio::time::timeout(self.limits.within, self.gather(stream, most));
        gathered.await.unwrap_or(Err(BodyFault::Slow))
    }

    async fn gather<S, E>(&self, stream: S, most: usize) -> Result<(Bytes, Held), BodyFault>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        let most = most.min(self.limits.one_bytes);
        let mut stream = pin!(stream);
        let mut held = self.share();
        let mut body = BytesMut::new();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|_| BodyFault::Broken)?;
            if body.len().saturating_add(piece.len()) > most {
                return Err(BodyFault::TooLarge);
            }
            held.hold(body.len().saturating_add(piece.len()))?;
            body.extend_from_slice(&piece);
        }
        Ok((body.freeze(), held))
    }
}

/// The share of one body in the memory for all; dropping it gives the share back.
#[derive(Debug)]
pub struct Held {
    held: Arc<AtomicUsize>,
    bytes: usize,
    all: usize,
}

impl Held {
    /// Holds this many bytes from now on, more or fewer than before. Fails with `Busy`, and then holds what it held.
    pub fn hold(&mut self, bytes: usize) -> Result<(), BodyFault> {
        if bytes <= self.bytes {
            self.held.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        } else {
            let more = bytes - self.bytes;
            let grown = |held: usize| held.checked_add(more).filter(|sum| *sum <= self.all);
            self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).map_err(|_| BodyFault::Busy)?;
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, stream};

    fn of(sizes: &[usize]) -> impl Stream<Item = Result<Bytes, ()>> {
        stream::iter(sizes.iter().map(|size| Ok(Bytes::from(vec![7; *size]))).collect::<Vec<_>>())
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    #[test]
    fn bodies_share_one_budget_and_give_their_part_back() {
        let bodies = Bodies::new(BodiesLimits { one_bytes: 100, all_bytes: 150, ..BodiesLimits::default() });
        runtime().block_on(async {
            let first = bodies.read(of(&[60, 40]), 100).await.unwrap();
            assert_eq!(first.0.len(), 100);
            assert_eq!(bodies.read(of(&[30, 30]), 100).await.unwrap_err(), BodyFault::Busy);
            assert!(bodies.read(of(&[50]), 100).await.is_ok(), "what was refused holds nothing");
            drop(first);
            assert!(bodies.read(of(&[100]), 100).await.is_ok());
            assert_eq!(bodies.held.load(Ordering::Relaxed), 0);
        });
    }

    #[test]
    fn a_share_holds_more_and_less_and_nothing_once_it_is_gone() {
        let bodies = Bodies::new(BodiesLimits { all_bytes: 100, ..BodiesLimits::default() });
        let (mut one, mut other) = (bodies.share(), bodies.share());
        assert_eq!((one.hold(60), other.hold(41)), (Ok(()), Err(BodyFault::Busy)));
        assert_eq!((one.hold(20), other.hold(80), one.hold(21)), (Ok(()), Ok(()), Err(BodyFault::Busy)));
        drop(other);
        assert_eq!((one.hold(100), bodies.held.load(Ordering::Relaxed)), (Ok(()), 100));
        drop(one);
        assert_eq!(bodies.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn the_smaller_of_both_limits_ends_a_body() {
        let bodies = Bodies::new(BodiesLimits { one_bytes: 100, ..BodiesLimits::default() });
        runtime().block_on(async {
            assert_eq!(bodies.read(of(&[10, 1]), 10).await.unwrap_err(), BodyFault::TooLarge);
            assert_eq!(bodies.read(of(&[101]), 1_000).await.unwrap_err(), BodyFault::TooLarge);
            let broken = of(&[1]).chain(stream::iter([Err(())]));
            assert_eq!(bodies.read(broken, 10).await.unwrap_err(), BodyFault::Broken);
        });
    }

    #[test]
    fn a_body_that_never_ends_is_given_up_although_its_pieces_keep_coming() {
        let bodies = Bodies::new(BodiesLimits { within: Duration::from_millis(30), ..BodiesLimits::default() });
        runtime().block_on(async {
            // A piece every time the reader looks, after a turn for the clock.
            let drip = stream::repeat(()).then(|()| tokio::task::yield_now().map(|()| Ok::<_, ()>(Bytes::new())));
            assert_eq!(bodies.read(drip, 10).await.unwrap_err(), BodyFault::Slow);
        });
    }
}

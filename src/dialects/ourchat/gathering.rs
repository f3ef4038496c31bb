//! What is in memory of messages that are not whole yet. The library gathers a message before anybody looks at who sends it, so
//! its bytes count in the memory that all request bodies share, and it has a time in which it must be whole. Between messages
//! a client may pause as long as the connection allows.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use chatelaine_http::{Bodies, Held};
use http_body::{Frame, SizeHint};
use tokio::time::{Duration, Instant, Sleep, sleep_until};
use tonic::Status;
use tonic::body::Body;

/// Bytes before a message: one of flags, four of its length (gRPC over HTTP/2, Length-Prefixed-Message).
const HEAD_BYTES: usize = 5;
/// Each begun megabyte of a message gets the whole time of a body.
const BYTES_PER_TIME: usize = 1 << 20;

/// The body of a request, as messages with their lengths in front, with a bound to what is gathered of one.
pub(crate) struct Gathering {
    body: Body,
    message: Message,
    held: Held,
    within: Duration,
    begun: Option<Instant>,
    clock: Option<Pin<Box<Sleep>>>,
}

impl Gathering {
    pub(crate) fn new(body: Body, bodies: &Bodies) -> Gathering {
        let (held, within) = (bodies.share(), bodies.within());
        Gathering { body, message: Message::default(), held, within, begun: None, clock: None }
    }

    /// Counts what came. Fails when the memory for all is full.
    fn take(&mut self, data: &[u8]) -> Result<(), Status> {
        let was = self.message.wholes;
        self.message.follow(data);
        if self.message.wholes != was {
            self.begun = None;
        }
        if self.message.bytes > 0 {
            self.begun.get_or_insert_with(Instant::now);
        }
        self.held.hold(self.message.bytes).map_err(|_| Status::unavailable("Server Busy"))
    }

    /// Until when the message that has begun must be whole.
    fn due(&self) -> Option<Instant> {
        let times = u32::try_from(self.message.length / BYTES_PER_TIME).unwrap_or(u32::MAX).saturating_add(1);
        self.begun.and_then(|begun| begun.checked_add(self.within.saturating_mul(times)))
    }

    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(due) = self.due() else { return false };
        let clock = self.clock.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if clock.deadline() != due {
            clock.as_mut().reset(due);
        }
        clock.as_mut().poll(cx).is_ready()
    }
}

impl http_body::Body for Gathering {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            this.take(frame.data_ref().map_or(&[], |data| data))?;
        }
        match polled {
            Poll::Ready(None) => Poll::Ready(None),
            // One that drips in is as late as one that stands still.
            Poll::Ready(_) | Poll::Pending if this.is_late(cx) => {
                Poll::Ready(Some(Err(Status::deadline_exceeded("Stream Broken"))))
            }
            other => other,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Where in its message a stream of bytes is.
#[derive(Debug, Default, PartialEq, Eq)]
struct Message {
    /// How much of it came, its head included.
    bytes: usize,
    /// How long it is without its head, as far as the head came.
    length: usize,
    /// How many went before, counted in a circle.
    wholes: usize,
}

impl Message {
    fn follow(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            data = if self.bytes < HEAD_BYTES { self.head(data) } else { self.content(data) };
            if self.bytes >= HEAD_BYTES && self.bytes - HEAD_BYTES == self.length {
                *self = Message { wholes: self.wholes.wrapping_add(1), ..Message::default() };
            }
        }
    }

    fn head<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        let (head, rest) = data.split_at(data.len().min(HEAD_BYTES - self.bytes));
        // The flags come first; they shift out of the four bytes that a length has.
        let length = head.iter().fold(self.length, |length, byte| (length << 8) | usize::from(*byte));
        (self.length, self.bytes) = (length & 0xffff_ffff, self.bytes + head.len());
        rest
    }

    fn content<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        let left = self.length - (self.bytes - HEAD_BYTES);
        let (content, rest) = data.split_at(data.len().min(left));
        self.bytes += content.len();
        rest
    }
}

#[cfg(test)]
mod tests {
    use chatelaine_http::BodiesLimits;
    use futures_util::{StreamExt as _, stream};
    use http_body_util::{BodyExt as _, StreamBody};
    use tonic::Code;

    use super::*;

    fn framed(length: usize) -> Vec<u8> {
        let mut bytes = vec![0];
        bytes.extend_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
        bytes.resize(HEAD_BYTES + length, 7);
        bytes
    }

    /// What each piece of a body becomes.
    fn gathering(pieces: Vec<Vec<u8>>, bodies: &Bodies) -> Gathering {
        let pieces = pieces.into_iter().map(|piece| Ok::<_, Status>(Frame::data(Bytes::from(piece))));
        Gathering::new(Body::new(StreamBody::new(stream::iter(pieces.collect::<Vec<_>>()))), bodies)
    }

    #[test]
    fn only_the_message_that_is_not_whole_counts_however_it_is_cut() {
        let all: Vec<u8> = [framed(3), framed(0), framed(700), framed(1), framed(40)].concat();
        for size in 1..all.len() {
            let mut message = Message::default();
            let mut came = 0;
            for piece in all.chunks(size) {
                message.follow(piece);
                came += piece.len();
                let ends = [8, 13, 718, 724, 769];
                let before = ends.iter().filter(|end| **end <= came).max().copied().unwrap_or(0);
                assert_eq!(message.bytes, came - before, "cut by {size}, after {came}");
            }
            assert_eq!(message, Message { wholes: 5, ..Message::default() });
        }
    }

    #[tokio::test]
    async fn what_is_gathered_is_held_until_it_is_whole() {
        let bodies = Bodies::new(BodiesLimits { all_bytes: 1_000, ..BodiesLimits::default() });
        let (mut first, mut second) =
            (gathering(vec![framed(800)[..700].to_vec(), framed(800)[700..].to_vec()], &bodies), bodies.share());
        first.frame().await.unwrap().unwrap();
        assert!(second.hold(301).is_err() && second.hold(300).is_ok());
        let refused = first.frame().await.unwrap().unwrap();
        assert_eq!(refused.into_data().unwrap().len(), 105, "a message that is whole is no more gathered");
        assert!(second.hold(1_000).is_ok());
        let mut third = gathering(vec![framed(10)[..6].to_vec()], &bodies);
        assert_eq!(third.frame().await.unwrap().unwrap_err().code(), Code::Unavailable);
        drop(second);
        drop(first);
        assert!(bodies.share().hold(1_000).is_ok(), "what was refused holds nothing");
    }

    /// A body whose pieces come one after the other, a while apart.
    fn slow(pieces: Vec<Vec<u8>>, apart: Duration, within: Duration) -> Gathering {
        let pieces = stream::iter(pieces).then(move |piece| async move {
            tokio::time::sleep(apart).await;
            Ok::<_, Status>(Frame::data(Bytes::from(piece)))
        });
        let bodies = Bodies::new(BodiesLimits { within, ..BodiesLimits::default() });
        Gathering::new(Body::new(StreamBody::new(pieces)), &bodies)
    }

    #[tokio::test]
    async fn a_message_that_drips_in_is_given_up_in_time() {
        let drops = framed(40).chunks(1).map(<[u8]>::to_vec).collect();
        let dripping = slow(drops, Duration::from_millis(20), Duration::from_millis(200));
        assert_eq!(dripping.collect().await.unwrap_err().code(), Code::DeadlineExceeded);
    }

    #[tokio::test]
    async fn whole_messages_may_be_apart_and_a_large_one_has_longer() {
        let (apart, within) = (Duration::from_millis(20), Duration::from_millis(50));
        assert_eq!(slow(vec![framed(1); 9], apart, within).collect().await.unwrap().to_bytes().len(), 54);
        let mut large = Message::default();
        large.follow(&framed(3 << 20)[..9]);
        let due = |message| {
            let begun = Instant::now();
            let bodies = Bodies::new(BodiesLimits { within, ..BodiesLimits::default() });
            let gathering = Gathering { message, begun: Some(begun), ..gathering(Vec::new(), &bodies) };
            gathering.due().unwrap() - begun
        };
        assert_eq!((due(Message::default()), due(large)), (within, 4 * within));
    }
}

//! The one task of a socket: waits for whatever comes first (something to send, something heard,
//! the clock, the end of the server) and writes to the end before it waits again.
//!
//! One timer per socket serves pings and silence. The future is what an idle socket costs: nothing
//! big may live across an await here. A frame to a thousand sockets goes through here a thousand times:
//! what is not due is not touched.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use futures_util::{SinkExt, StreamExt};
use tokio::time::{Duration, Instant, Sleep, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::outgoing::Outgoing;
use super::{Closing, Ended, Frame, Heard, Say, SocketOptions, Talk};
use crate::conn::{Conn, Upgraded};

const READ_BUFFER_BYTES: usize = 2 * 1024;
/// Pongs and the close frame are all that tungstenite itself writes.
const OWN_FRAMES_BYTES: usize = 16 * 1024;
/// How long the client may take to answer our close frame.
const GOODBYE: Duration = Duration::from_secs(2);

/// Runs the socket until one side ends it, and says why it ended.
pub async fn converse<T: Talk>(socket: Upgraded, options: SocketOptions, mut talk: T) -> Ended {
    let Upgraded { conn, early, stop } = socket;
    let stream = start(conn, &early, options.message_bytes).await;
    drop(early);
    let now = Instant::now();
    let mut side = Side {
        stream,
        outgoing: Outgoing::default(),
        reading: true,
        heard_at: now,
        ping_at: now + first_ping(options.ping),
        options,
    };
    let mut timer = pin!(sleep_until(side.deadline()));
    let mut stopped = pin!(stop.cancelled());
    let mut turn = Turn::Talk;
    loop {
        let step = side.step(&mut talk, timer.as_mut(), stopped.as_mut(), turn).await;
        turn = if matches!(step, Step::Say(_)) { Turn::Others } else { Turn::Talk };
        let ended = match step {
            Step::Say(say) => side.send(&mut talk, say, timer.as_mut()).await,
            Step::Message(message) => side.take(&mut talk, message, timer.as_mut()).await,
            Step::Time => side.tick(&mut talk, timer.as_mut()).await,
            Step::Stop => Some(Finish::Close(Closing::STOPPING, Ended::Stopped)),
        };
        match ended {
            None => {}
            Some(Finish::Drop(ended)) => return ended,
            Some(Finish::Close(closing, ended)) => {
                side.say_goodbye(closing).await;
                return ended;
            }
        }
    }
}

enum Step {
    Say(Say),
    Message(Option<Result<Message, Error>>),
    Time,
    Stop,
}

/// Who is asked first. What was just said is followed by a look at everything else, so that a talkative dialect shuts
/// nobody out; a socket that was woken asks its dialect first, for that is mostly why it was woken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Talk,
    Others,
}

enum Finish {
    Close(Closing, Ended),
    Drop(Ended),
}

struct Side {
    stream: WebSocketStream<Conn>,
    outgoing: Outgoing,
    /// Whether tungstenite may hold bytes of the client or a pong of ours. If not, the system knows when to ask it again.
    reading: bool,
    heard_at: Instant,
    ping_at: Instant,
    options: SocketOptions,
}

impl Side {
    fn deadline(&self) -> Instant {
        self.ping_at.min(self.heard_at + self.options.silence)
    }

    /// Waits for whatever comes first.
    async fn step<T: Talk>(
        &mut self,
        talk: &mut T,
        mut timer: Pin<&mut Sleep>,
        mut stopped: Pin<&mut impl Future<Output = ()>>,
        mut turn: Turn,
    ) -> Step {
        let mut next = pin!(talk.next());
        poll_fn(|cx| {
            if turn == Turn::Talk
                && let Poll::Ready(say) = next.as_mut().poll(cx)
            {
                return Poll::Ready(Step::Say(say));
            }
            if let Poll::Ready(message) = self.poll_heard(cx) {
                return Poll::Ready(Step::Message(message));
            }
            if timer.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Step::Time);
            }
            if stopped.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Step::Stop);
            }
            match std::mem::replace(&mut turn, Turn::Talk) {
                Turn::Talk => Poll::Pending,
                Turn::Others => next.as_mut().poll(cx).map(Step::Say),
            }
        })
        .await
    }

    /// The next message. A look at tungstenite clears its whole buffer, so it is asked only when something arrived.
    fn poll_heard(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        if !self.reading && self.stream.get_ref().poll_readable(cx).is_pending() {
            return Poll::Pending;
        }
        self.reading = true;
        if let Poll::Ready(message) = self.stream.poll_next_unpin(cx) {
            return Poll::Ready(message);
        }
        match self.stream.poll_flush_unpin(cx) {
            Poll::Ready(Ok(())) => self.reading = false,
            Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
            Poll::Pending => {}
        }
        Poll::Pending
    }

    async fn send<T: Talk>(&mut self, talk: &mut T, first: Say, timer: Pin<&mut Sleep>) -> Option<Finish> {
        let closing = self.gather(talk, first);
        if let Some(finish) = self.write(talk, timer).await {
            return Some(finish);
        }
        closing.map(|closing| Finish::Close(closing, Ended::Closed))
    }

    /// Collects what may leave together; a closing word ends the collection.
    fn gather<T: Talk>(&mut self, talk: &mut T, first: Say) -> Option<Closing> {
        let mut next = Some(first);
        while let Some(say) = next {
            match say {
                Say::Frame(frame) => self.outgoing.push(frame),
                Say::Close(closing) => return Some(closing),
            }
            next = if self.outgoing.has_room() { talk.waiting() } else { None };
        }
        None
    }

    /// Writes all that is gathered. A client that takes nothing for the time of silence is dropped.
    async fn write<T: Talk>(&mut self, talk: &mut T, mut timer: Pin<&mut Sleep>) -> Option<Finish> {
        let (mut stalled, mut told) = (false, false);
        poll_fn(|cx| {
            if let Poll::Ready(written) = self.poll_out(cx) {
                if stalled {
                    timer.as_mut().reset(self.deadline());
                }
                return Poll::Ready(written.err().map(|()| Finish::Drop(Ended::Left)));
            }
            if !told {
                told = true;
                talk.stall(std::time::Instant::now());
            }
            while timer.as_mut().poll(cx).is_ready() {
                stalled = true;
                let silent_at = self.heard_at + self.options.silence;
                if Instant::now() >= silent_at {
                    return Poll::Ready(Some(Finish::Drop(Ended::Silent)));
                }
                timer.as_mut().reset(silent_at);
            }
            Poll::Pending
        })
        .await
    }

    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ()>> {
        // Pongs that tungstenite holds go first, so that its bytes and ours never mix.
        if self.reading && ready!(self.stream.poll_flush_unpin(cx)).is_err() {
            return Poll::Ready(Err(()));
        }
        self.outgoing.poll_write(self.stream.get_mut(), cx).map_err(|_| ())
    }

    async fn take<T: Talk>(
        &mut self,
        talk: &mut T,
        message: Option<Result<Message, Error>>,
        timer: Pin<&mut Sleep>,
    ) -> Option<Finish> {
        self.heard_at = Instant::now();
        let answer = match message {
            Some(Ok(Message::Text(text))) => talk.hear(Heard::Text(text.as_str())).await,
            Some(Ok(Message::Binary(bytes))) => talk.hear(Heard::Binary(&bytes)).await,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
            // tungstenite has queued the answer to the close frame; it only needs to get out.
            Some(Ok(Message::Close(_))) => {
                self.drain().await;
                return Some(Finish::Drop(Ended::Left));
            }
            Some(Err(Error::Capacity(_))) => return Some(Finish::Close(Closing::TOO_BIG, Ended::Broken)),
            Some(Err(Error::Utf8(_))) => return Some(Finish::Close(NOT_TEXT, Ended::Broken)),
            Some(Err(Error::Protocol(_))) => return Some(Finish::Close(PROTOCOL, Ended::Broken)),
            Some(Err(_)) | None => return Some(Finish::Drop(Ended::Left)),
        };
        match answer {
            Some(say) => self.send(talk, say, timer).await,
            None => None,
        }
    }

    async fn tick<T: Talk>(&mut self, talk: &mut T, mut timer: Pin<&mut Sleep>) -> Option<Finish> {
        let now = Instant::now();
        if now >= self.heard_at + self.options.silence {
            return Some(Finish::Drop(Ended::Silent));
        }
        if now >= self.ping_at {
            self.ping_at = now + self.options.ping;
            self.outgoing.push(Frame::ping());
        }
        timer.as_mut().reset(self.deadline());
        self.write(talk, timer).await
    }

    async fn say_goodbye(&mut self, closing: Closing) {
        let frame = CloseFrame { code: closing.code.into(), reason: closing.reason.into() };
        let told = tokio::time::timeout(GOODBYE, self.stream.close(Some(frame))).await;
        if matches!(told, Ok(Ok(()))) {
            self.drain().await;
        }
    }

    /// Reads the rest away until the client has closed, so that it sees our last frame and no reset.
    async fn drain(&mut self) {
        let rest = async { while let Some(Ok(_)) = self.stream.next().await {} };
        let _ = tokio::time::timeout(GOODBYE, rest).await;
    }
}

const PROTOCOL: Closing = Closing { code: 1002, reason: "protocol error" };
const NOT_TEXT: Closing = Closing { code: 1007, reason: "not UTF-8" };

async fn start(conn: Conn, early: &[u8], message_bytes: usize) -> WebSocketStream<Conn> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(OWN_FRAMES_BYTES)
        .max_message_size(Some(message_bytes))
        .max_frame_size(Some(message_bytes));
    if early.is_empty() {
        WebSocketStream::from_raw_socket(conn, Role::Server, Some(config)).await
    } else {
        WebSocketStream::from_partially_read(conn, early.to_vec(), Role::Server, Some(config)).await
    }
}

/// The first ping comes somewhere in the second half of the period: sockets that all came at once,
/// as after a restart, do not ping at once for ever.
fn first_ping(period: Duration) -> Duration {
    use std::sync::atomic::{AtomicU32, Ordering};
    static SOCKETS: AtomicU32 = AtomicU32::new(0);
    let step = SOCKETS.fetch_add(1, Ordering::Relaxed) % 64;
    period / 2 + period / 128 * step
}

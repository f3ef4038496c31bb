//! A live socket: one task that does all writing, whatever a dialect says on it.
//!
//! A dialect brings a `Talk` (what to send next, what to do with what it hears); `converse` keeps
//! the protocol: pings, silence, message caps, closing. Frames are encoded once and shared by all
//! receivers; those that wait leave in one vectored write.

mod frame;
mod outgoing;
mod task;
#[cfg(test)]
mod tests;

pub use frame::{Closing, Frame};
pub use task::converse;

use std::future::Future;
use std::time::{Duration, Instant};

/// The limits and the clockwork of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// How often the server pings.
    pub ping: Duration,
    /// Nothing heard for so long, not even a pong: the socket is dropped.
    pub silence: Duration,
    /// The longest message that is taken, in bytes; a longer one closes with 1009.
    pub message_bytes: usize,
}

impl Default for SocketOptions {
    fn default() -> SocketOptions {
        SocketOptions { ping: Duration::from_secs(30), silence: Duration::from_secs(75), message_bytes: 64 * 1024 }
    }
}

/// What a dialect wants to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// One frame, shared with every other receiver of the same event.
    Frame(Frame),
    /// The last word; nothing is sent after it.
    Close(Closing),
}

/// What the client said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// A text message, checked to be UTF-8.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
}

/// Why a conversation is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The dialect closed it.
    Closed,
    /// The client closed it, or its connection broke.
    Left,
    /// The client was silent for too long, or read nothing for as long.
    Silent,
    /// The client broke the protocol or a cap.
    Broken,
    /// The server stops.
    Stopped,
}

/// One side of a live connection, as a dialect plays it.
///
/// While `hear` runs nothing is sent and nothing more is read: a client that talks faster than it
/// is served fills its own socket and no memory of ours.
pub trait Talk {
    /// Waits for what to send next. Must be safe to drop and call again.
    fn next(&mut self) -> impl Future<Output = Say>;

    /// What waits already, if anything; it leaves in the same write as what `next` gave.
    fn waiting(&mut self) -> Option<Say>;

    /// The socket takes nothing since then; whatever the dialect holds for it should be little until it is asked again.
    fn stall(&mut self, _since: Instant) {}

    /// Takes one message and may answer it at once.
    fn hear(&mut self, heard: Heard<'_>) -> impl Future<Output = Option<Say>>;
}

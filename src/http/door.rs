//! The door of a live socket: a dialect checks the request, then either refuses with an HTTP answer
//! or lets it in and says what runs on the open socket.
//!
//! The handshake itself (`101`, accept key, taking the stream back) belongs to the serving layer.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::conn::Upgraded;

/// A future that stays on its worker thread.
pub type Local<T> = Pin<Box<dyn Future<Output = T>>>;

/// What a dialect mounts on a path that speaks WebSocket.
pub trait Door: Send + Sync {
    /// Checks origin, sign-in and limits before anything is switched. The peer is in the extensions.
    fn open(&self, request: http::request::Parts) -> Local<Opening>;
}

impl<F> Door for F
where
    F: Fn(http::request::Parts) -> Local<Opening> + Send + Sync,
{
    fn open(&self, request: http::request::Parts) -> Local<Opening> {
        self(request)
    }
}

/// The door's decision.
pub enum Opening {
    /// The socket is switched to, and then run.
    Enter(Entry),
    /// The answer instead of a socket: an HTTP error, as the dialect writes it.
    Refuse(http::Response<Bytes>),
}

/// What happens behind the door.
pub struct Entry {
    /// The sub-protocol that the server picked from the client's offers, if the dialect has any.
    pub protocol: Option<http::HeaderValue>,
    /// Runs on the socket until it ends.
    pub run: Box<dyn FnOnce(Upgraded) -> Local<()>>,
}

impl Entry {
    /// An entry without a sub-protocol.
    pub fn new<F, R>(run: F) -> Entry
    where
        F: FnOnce(Upgraded) -> R + 'static,
        R: Future<Output = ()> + 'static,
    {
        Entry { protocol: None, run: Box::new(move |socket| Box::pin(run(socket))) }
    }
}

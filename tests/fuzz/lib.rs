//! What the fuzzer feeds: one request to the gRPC side of the ourchat dialect, made of any bytes, over a domain in memory.
//!
//! The first two bytes say in which form the request comes and to which rpc; the rest is what a client would send. Whatever comes,
//! the answer must be a status of the protocol: a panic, a fault of the server or an answer without a status is a find. The caller
//! is an administrator with a session, a file and an upload, so that inputs get far.
#![expect(clippy::expect_used, clippy::panic, reason = "a find is told by panicking")]

mod forms;
mod place;

use bytes::Bytes;
use futures_util::stream;
use http::Response;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tonic::body::Body;

use forms::{Answered, Input};
use place::Place;

/// Bytes of an answer beyond which a small question costs too much.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// A dialect that takes inputs one after the other.
pub struct Target {
    runtime: tokio::runtime::Runtime,
    place: Place,
    rpcs: Vec<String>,
}

impl Default for Target {
    fn default() -> Self {
        Self::new()
    }
}

impl Target {
    /// A fresh domain with somebody in it.
    #[must_use]
    pub fn new() -> Target {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let place = runtime.block_on(Place::new());
        Target { runtime, place, rpcs: forms::rpcs() }
    }

    /// Feeds one input. False when the caller has lost the ground under his feet by it, so that a fresh target is needed.
    ///
    /// # Panics
    /// When the answer is none that a client may get.
    pub fn feed(&mut self, bytes: &[u8]) -> bool {
        self.ask(bytes);
        !Input::read(bytes, &self.rpcs).is_some_and(|input| input.ends_the_game())
    }

    /// The path to which an input goes and the status that it is answered with, where it has one: whether it gets as far as it
    /// was made to get.
    ///
    /// # Panics
    /// When the answer is none that a client may get.
    pub fn ask(&mut self, bytes: &[u8]) -> Option<(String, i32)> {
        let input = Input::read(bytes, &self.rpcs)?;
        let pieces = input.body(&self.place.names).map(|piece| Ok::<_, std::convert::Infallible>(Frame::data(piece)));
        let request = input.request(&self.place.token, StreamBody::new(stream::iter(pieces.collect::<Vec<_>>())));
        self.runtime.block_on(async {
            let answer = self.place.front.call(request).await;
            let answered = taken(answer, &input).await?;
            if let Err(fault) = judge(answered.code, &answered.text) {
                panic!("{}: {fault}", input.path());
            }
            answered.code.map(|code| (input.path().to_owned(), code))
        })
    }
}

/// The whole answer, or none where there is nothing to judge: a stream that goes on, or a refusal before any service.
async fn taken(answer: Response<Body>, input: &Input<'_>) -> Option<Answered> {
    let (head, body) = answer.into_parts();
    if !head.status.is_success() {
        assert!(head.status.is_client_error(), "{}: {}", input.path(), head.status);
        return None;
    }
    if input.answer_never_ends() && !head.headers.contains_key("grpc-status") {
        return None;
    }
    let body = body.collect().await.expect("a body that can be read");
    let trailers = body.trailers().cloned().unwrap_or_default();
    let bytes: Bytes = body.to_bytes();
    assert!(bytes.len() <= ANSWER_BYTES_MAX, "{}: {} bytes", input.path(), bytes.len());
    Some(Answered::read(&head.headers, &trailers, &bytes))
}

/// Whether a client may get this status. The codes are those of gRPC; the server's own faults have one text, a library's have
/// another and are allowed for bytes that are no message.
///
/// # Errors
/// What is wrong with it.
pub fn judge(code: Option<i32>, text: &str) -> Result<(), String> {
    match code {
        None => Err("no status".to_owned()),
        Some(13) if text == "Server Error" => Err("a fault of the server".to_owned()),
        Some(2) => Err(format!("an unknown fault: {text}")),
        Some(0..=16) => Ok(()),
        Some(other) => Err(format!("no status of the protocol: {other}")),
    }
}

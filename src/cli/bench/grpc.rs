//! The load of a bench run in gRPC: HTTP/2 connections of hyper with frames made by hand, as lean as a client can be, since it
//! shares the processor with the server under test.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Request, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::TcpStream;

use super::client::broken;

/// What comes before every message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// One HTTP/2 connection.
#[derive(Clone)]
pub struct Line {
    sender: SendRequest<Body>,
    authority: String,
    token: Option<HeaderValue>,
}

impl Line {
    /// Connects; `token` goes along with every request unless it is empty.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(address: &str, token: &str) -> io::Result<Line> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(broken)?;
        tokio::spawn(connection);
        let token = (!token.is_empty()).then(|| HeaderValue::try_from(format!("Bearer {token}")));
        Ok(Line { sender, authority: address.to_owned(), token: token.transpose().map_err(broken)? })
    }

    /// Asks once and reads the whole answer.
    ///
    /// # Errors
    /// When the connection breaks or the answer is a refusal.
    pub async fn ask<A: Message + Default>(&mut self, path: &str, ask: &impl Message) -> io::Result<A> {
        self.answer(path, Full::new(framed(ask)).map_err(|never| match never {}).boxed_unsync()).await
    }

    /// Sends several messages and reads the one answer.
    ///
    /// # Errors
    /// When the connection breaks or the answer is a refusal.
    pub async fn send<M, A>(&mut self, path: &str, messages: impl Iterator<Item = M> + Send + 'static) -> io::Result<A>
    where
        M: Message,
        A: Message + Default,
    {
        let frames = stream::iter(messages).map(|message| Ok(Frame::data(framed(&message))));
        self.answer(path, StreamBody::new(frames).boxed_unsync()).await
    }

    /// Opens a stream of answers.
    ///
    /// # Errors
    /// When the connection breaks or the answer is a refusal.
    pub async fn listen(&mut self, path: &str, ask: &impl Message) -> io::Result<Ears> {
        let body = Full::new(framed(ask)).map_err(|never| match never {}).boxed_unsync();
        let (head, body) = self.call(path, body).await?;
        refusal(&head)?;
        Ok(Ears { body, read: BytesMut::new() })
    }

    async fn answer<A: Message + Default>(&mut self, path: &str, body: Body) -> io::Result<A> {
        let (head, body) = self.call(path, body).await?;
        refusal(&head)?;
        let body = body.collect().await.map_err(broken)?;
        body.trailers().map_or(Ok(()), refusal)?;
        let mut bytes = body.to_bytes();
        if bytes.len() < PREFIX_BYTES {
            return Err(broken(format!("{path}: an answer without a message")));
        }
        bytes.advance(PREFIX_BYTES);
        A::decode(bytes).map_err(broken)
    }

    async fn call(&mut self, path: &str, body: Body) -> io::Result<(HeaderMap, Incoming)> {
        let uri = Uri::builder().scheme("http").authority(self.authority.as_str()).path_and_query(path);
        let mut request = Request::new(body);
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = uri.build().map_err(broken)?;
        let headers = request.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        headers.insert("te", HeaderValue::from_static("trailers"));
        if let Some(token) = &self.token {
            headers.insert("authorization", token.clone());
        }
        self.sender.ready().await.map_err(broken)?;
        let answer = self.sender.send_request(request).await.map_err(broken)?;
        if !answer.status().is_success() {
            return Err(broken(format!("{path}: {}", answer.status())));
        }
        let (head, body) = answer.into_parts();
        Ok((head.headers, body))
    }
}

fn framed(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + length);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    // There is room for exactly this.
    message.encode(&mut frame).unwrap_or(());
    frame.freeze()
}

fn refusal(headers: &HeaderMap) -> io::Result<()> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match text("grpc-status") {
        "" | "0" => Ok(()),
        code => Err(broken(format!("refused with {code} {}", text("grpc-message")))),
    }
}

/// A stream of answers as it is heard.
pub struct Ears {
    body: Incoming,
    read: BytesMut,
}

impl Ears {
    /// The next message.
    ///
    /// # Errors
    /// When the stream ends or breaks.
    pub async fn next<A: Message + Default>(&mut self) -> io::Result<A> {
        loop {
            if let Some(message) = cut(&mut self.read) {
                return A::decode(message).map_err(broken);
            }
            let frame = self.body.frame().await.ok_or_else(|| broken("a stream ended before all messages came"))?;
            match frame.map_err(broken)?.into_data() {
                Ok(data) => self.read.extend_from_slice(&data),
                Err(rest) => rest.trailers_ref().map_or(Ok(()), refusal)?,
            }
        }
    }
}

/// Takes the first message out, if it is there as a whole.
fn cut(read: &mut BytesMut) -> Option<Bytes> {
    let [_, length @ ..] = read.first_chunk::<PREFIX_BYTES>()?;
    let end = usize::try_from(u32::from_be_bytes(*length)).ok()?.checked_add(PREFIX_BYTES)?;
    (read.len() >= end).then(|| {
        let mut message = read.split_to(end).freeze();
        message.advance(PREFIX_BYTES);
        message
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_out_however_the_bytes_come() {
        let messages: Vec<String> = ["", "a", &"long".repeat(100)].map(str::to_owned).to_vec();
        let sent: Vec<u8> = messages.iter().flat_map(framed).collect();
        for size in 1..sent.len() {
            let (mut read, mut heard) = (BytesMut::new(), Vec::new());
            for piece in sent.chunks(size) {
                read.extend_from_slice(piece);
                while let Some(message) = cut(&mut read) {
                    heard.push(String::decode(message).unwrap());
                }
            }
            assert_eq!(heard, messages, "cut at {size}");
        }
    }
}

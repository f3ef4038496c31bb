//! The load of a bench run: keep-alive HTTP/1.1 connections and live sockets, as lean as a client can be, since it shares
//! the processor with the server under test.

use std::io;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Any failure of the load as one kind.
pub fn broken(cause: impl std::fmt::Display) -> io::Error {
    io::Error::other(cause.to_string())
}

/// One HTTP/1.1 connection.
pub struct Http {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    token: String,
}

impl Http {
    /// Connects; `token` goes along with every request unless it is empty.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(address: &str, token: &str) -> io::Result<Http> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(broken)?;
        tokio::spawn(connection);
        Ok(Http { sender, host: address.to_owned(), token: token.to_owned() })
    }

    /// From now on another token goes along.
    pub fn speak_as(&mut self, token: &str) {
        token.clone_into(&mut self.token);
    }

    /// Sends one request and reads the whole answer.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn call(&mut self, method: Method, path: &str, body: Bytes) -> io::Result<(StatusCode, Bytes)> {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.host);
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Full::new(body)).map_err(broken)?;
        self.sender.ready().await.map_err(broken)?;
        let answer = self.sender.send_request(request).await.map_err(broken)?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await.map_err(broken)?.to_bytes()))
    }

    /// Reads an answer piece by piece and throws it away; returns its length.
    ///
    /// # Errors
    /// When the connection breaks or the answer is a refusal.
    pub async fn drain(&mut self, path: &str) -> io::Result<u64> {
        let request = Request::builder()
            .uri(path)
            .header("host", &self.host)
            .header("authorization", format!("Bearer {}", self.token))
            .body(Full::new(Bytes::new()))
            .map_err(broken)?;
        let mut answer = self.sender.send_request(request).await.map_err(broken)?;
        if !answer.status().is_success() {
            return Err(broken(format!("GET {path}: {}", answer.status())));
        }
        let mut total = 0;
        while let Some(frame) = answer.frame().await {
            total += frame.map_err(broken)?.data_ref().map_or(0, |piece| piece.len() as u64);
        }
        Ok(total)
    }

    /// Sends JSON and expects success with JSON.
    ///
    /// # Errors
    /// When the connection breaks or the answer is a refusal.
    pub async fn json(&mut self, method: Method, path: &str, body: Value) -> io::Result<Value> {
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let shown = method.clone();
        let (status, answer) = self.call(method, path, bytes).await?;
        if !status.is_success() {
            return Err(broken(format!("{shown} {path}: {status} {}", String::from_utf8_lossy(&answer))));
        }
        serde_json::from_slice(&answer).map_err(broken)
    }
}

/// Somebody signed in.
#[derive(Clone)]
pub struct Person {
    /// The bearer token.
    pub token: String,
}

/// Signs up a new account called `handle`.
///
/// # Errors
/// When the server refuses.
pub async fn sign_up(address: &str, handle: &str) -> io::Result<Person> {
    let body = json!({"handle": handle, "display_name": handle, "password": "quite-long bench passphrase 7"});
    let answer = Http::connect(address, "").await?.json(Method::POST, "/api/v1/accounts", body).await?;
    let token = answer.get("token").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Person { token })
}

/// Opens a group and returns its id.
///
/// # Errors
/// When the server refuses.
pub async fn open_group(address: &str, owner: &Person) -> io::Result<u64> {
    let body = json!({"kind": "group", "title": "bench", "join_rule": "open"});
    let answer = Http::connect(address, &owner.token).await?.json(Method::POST, "/api/v1/rooms", body).await?;
    answer.pointer("/room/id").and_then(Value::as_u64).ok_or_else(|| broken("a room without an id"))
}

/// Signs in to the live socket and returns it once the replay is over, together with the stream below it.
///
/// # Errors
/// When the server refuses.
pub async fn live(address: &str, token: &str) -> io::Result<WebSocketStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    greet(stream, &format!("ws://{address}/api/v1/live"), token).await
}

/// The same over any stream, for TLS.
///
/// # Errors
/// When the server refuses.
pub async fn greet<S>(stream: S, url: &str, token: &str) -> io::Result<WebSocketStream<S>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let request = url.into_client_request().map_err(broken)?;
    let (mut socket, _) = client_async(request, stream).await.map_err(broken)?;
    let hello = json!({"hello": {"token": token}}).to_string();
    socket.send(Message::text(hello)).await.map_err(broken)?;
    while let Some(frame) = socket.next().await {
        if frame.map_err(broken)?.to_text().is_ok_and(|text| text.contains("\"t\":\"live\"")) {
            return Ok(socket);
        }
    }
    Err(broken("the live socket closed before the replay was over"))
}

/// Counts frames in a byte stream of unmasked server frames (RFC 6455, section 5.2) without copying their payloads.
#[derive(Default)]
pub struct FrameCount {
    head: Vec<u8>,
    skip: usize,
    /// Text frames whose payload begins with `{"t":"message"`.
    pub messages: usize,
    /// Bytes of the last such frame, head included.
    pub last_bytes: usize,
}

const MESSAGE_HEAD: &[u8] = b"{\"t\":\"message\"";

impl FrameCount {
    /// Takes what arrived.
    pub fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            while self.skip == 0 && !bytes.is_empty() {
                let Some((first, rest)) = bytes.split_first() else { return };
                self.head.push(*first);
                bytes = rest;
                self.close_head();
            }
        }
    }

    /// Once head and marker are complete, counts the frame and skips what is left of it.
    fn close_head(&mut self) {
        let Some(length) = self.head.get(1).map(|byte| usize::from(byte & 0x7F)) else { return };
        let (start, length) = match (length, self.head.get(2), self.head.get(3)) {
            (126, Some(high), Some(low)) => (4, usize::from(*high) << 8 | usize::from(*low)),
            (126 | 127, _, _) => return,
            (short, _, _) => (2, short),
        };
        let marker = MESSAGE_HEAD.len().min(length);
        if self.head.len() < start + marker {
            return;
        }
        if self.head.get(start..) == Some(MESSAGE_HEAD) {
            self.messages += 1;
            self.last_bytes = start + length;
        }
        self.skip = start + length - self.head.len();
        self.head.clear();
    }
}

/// Reads from `stream` until `count` message frames came.
///
/// # Errors
/// When the connection ends before.
pub async fn read_messages(stream: &mut TcpStream, frames: &mut FrameCount, count: usize) -> io::Result<()> {
    let mut buffer = [0_u8; 16 * 1024];
    while frames.messages < count {
        let got = stream.read(&mut buffer).await?;
        match buffer.get(..got) {
            Some(bytes) if got > 0 => frames.take(bytes),
            _ => return Err(broken("a socket closed before all messages came")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_however_the_bytes_are_cut() {
        let long = format!("{{\"t\":\"message\",\"d\":\"{}\"}}", "x".repeat(300));
        let mut stream = vec![0x81, 10];
        stream.extend_from_slice(b"{\"t\":\"so\"}");
        for _ in 0..3 {
            stream.extend_from_slice(&[0x81, 126, (long.len() >> 8) as u8, (long.len() & 0xFF) as u8]);
            stream.extend_from_slice(long.as_bytes());
        }
        for cut in 1..stream.len() {
            let mut frames = FrameCount::default();
            stream.chunks(cut).for_each(|piece| frames.take(piece));
            assert_eq!((frames.messages, frames.last_bytes), (3, long.len() + 4), "cut at {cut}");
        }
    }
}

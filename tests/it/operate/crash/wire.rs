//! A client of our own API and a live socket that expect the server to die at any byte.
//!
//! Nothing here panics on a broken line: an answer, like a frame, counts only when its last byte has come.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::super::program::PATIENCE;
use super::super::wire;

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub fn text(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// One kept-open connection to our own API. After an error it is of no use any more.
pub struct Line(wire::Line);

impl Line {
    /// Connects as the owner of the token; as a stranger without one.
    pub fn open(address: SocketAddr, token: &str) -> io::Result<Line> {
        wire::Line::open(address, Some(token).filter(|token| !token.is_empty())).map(Line)
    }

    /// The same to a server that must be there.
    pub fn new(address: SocketAddr, token: &str) -> Line {
        Line::open(address, token).expect("the server is up")
    }

    /// A request without a body.
    pub fn ask(&mut self, method: &str, path: &str) -> io::Result<Answer> {
        self.raw(method, path, &[])
    }

    /// A request with a JSON body.
    pub fn json(&mut self, method: &str, path: &str, body: &Value) -> io::Result<Answer> {
        self.send(method, path, "application/json", body.to_string().as_bytes())
    }

    /// A request with a body as it is.
    pub fn raw(&mut self, method: &str, path: &str, body: &[u8]) -> io::Result<Answer> {
        self.send(method, path, "application/octet-stream", body)
    }

    fn send(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> io::Result<Answer> {
        let (status, body) = self.0.raw(method, &format!("/api/v1{path}"), kind, body)?;
        Ok(Answer { status, body })
    }
}

/// An event that was told: number, kind and what it is about, without what may change later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub id: u64,
    pub about: String,
}

/// A live socket of one account.
pub struct Follower {
    socket: WebSocket<TcpStream>,
    pub epoch: u64,
    /// The newest event when it was opened.
    pub head: u64,
}

impl Follower {
    /// Opens the socket and gives what happened after `since`, up to now.
    pub fn open(address: SocketAddr, token: &str, since: Option<(u64, u64)>) -> (Follower, Vec<Told>) {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = format!("ws://{address}/api/v1/live").into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        let (socket, _) = tungstenite::client(request, stream).expect("the live socket opens");
        let mut follower = Follower { socket, epoch: 0, head: 0 };
        let (epoch, id) = since.unzip();
        let hello = json!({ "hello": { "epoch": epoch, "since": id } });
        follower.socket.send(Message::text(hello.to_string())).unwrap();
        let first = follower.frame().expect("a first frame");
        assert_eq!(first["t"], "welcome", "the same store goes on: {first}");
        follower.epoch = first["epoch"].as_u64().unwrap();
        follower.head = first["head"].as_u64().unwrap();
        let mut missed = Vec::new();
        loop {
            let frame = follower.frame().expect("the replay goes on");
            if frame["t"] == "live" {
                return (follower, missed);
            }
            missed.extend(told(&frame));
        }
    }

    /// Everything that is told until the line breaks.
    pub fn listen(mut self) -> Vec<Told> {
        let mut heard = Vec::new();
        while let Some(frame) = self.frame() {
            heard.extend(told(&frame));
        }
        heard
    }

    /// The next whole frame; none when the line is gone.
    fn frame(&mut self) -> Option<Value> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).expect("a JSON frame")),
                Ok(Message::Close(_)) => return None,
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    panic!("the socket was silent for too long")
                }
                Err(_) => return None,
            }
        }
    }
}

/// What stays of an event; passing ones (presence, typing) leave nothing.
fn told(frame: &Value) -> Option<Told> {
    let data = &frame["d"];
    let words = ["room", "offset", "account", "emoji", "on", "change", "client_key"].map(|name| data[name].to_string());
    let about = format!("{} {} {}", frame["t"], frame["at"], words.join(" "));
    Some(Told { id: frame["id"].as_u64()?, about })
}

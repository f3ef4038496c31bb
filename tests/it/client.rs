//! A small blocking HTTP/1.1 and WebSocket client: it sends what it is told, byte by byte, and keeps whole answers.
//!
//! It has no pool, no redirects and no cookies of its own, so that a test sees what the server said and nothing else.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

/// How long a test waits for bytes before it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A request that can be shown in a transcript.
#[derive(Debug, Clone)]
pub struct Ask {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Ask {
    pub fn new(method: &str, path: &str) -> Ask {
        Ask { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Ask {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn bearer(self, token: &str) -> Ask {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Ask {
        let mut ask = self.header("content-type", "application/json");
        ask.body = body.to_string().into_bytes();
        ask
    }

    pub fn raw(mut self, body: &[u8]) -> Ask {
        self.body = body.to_vec();
        self
    }

    /// Sends the request on a connection of its own and waits for the whole answer.
    pub fn send(&self, address: SocketAddr) -> Answer {
        let mut stream = connect(address);
        stream.write_all(&self.bytes(address)).expect("the request is written");
        Answer::read(&mut BufReader::new(stream), self.method == "HEAD")
    }

    fn bytes(&self, address: SocketAddr) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() || matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; fails the test when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("no JSON ({error}) in {} {:?}", self.status, String::from_utf8_lossy(&self.body))
        })
    }

    /// The answer, which must have this status.
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// Reads one answer, 1xx skipped.
    pub fn read(from: &mut impl BufRead, head_only: bool) -> Answer {
        loop {
            let line = line(from);
            let status: u16 = line.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status line");
            let mut headers = Vec::new();
            loop {
                let line = self::line(from);
                let Some((name, value)) = line.split_once(':') else { break };
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
            if status == 100 {
                continue;
            }
            let mut answer = Answer { status, headers, body: Vec::new() };
            if !head_only && status != 204 && status != 304 && status != 101 {
                answer.body = answer.read_body(from);
            }
            return answer;
        }
    }

    fn read_body(&self, from: &mut impl BufRead) -> Vec<u8> {
        let mut body = Vec::new();
        if self.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = usize::from_str_radix(line(from).trim(), 16).expect("a chunk size");
                let mut chunk = vec![0; size];
                from.read_exact(&mut chunk).expect("a chunk");
                body.extend_from_slice(&chunk);
                line(from);
                if size == 0 {
                    return body;
                }
            }
        }
        if let Some(size) = self.header("content-length").and_then(|value| value.parse().ok()) {
            body = vec![0; size];
            from.read_exact(&mut body).expect("the body");
        } else {
            from.read_to_end(&mut body).expect("the body");
        }
        body
    }
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).expect("a line of the answer");
    line.trim_end().to_owned()
}

/// A TCP connection that gives up instead of hanging.
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream.set_write_timeout(Some(PATIENCE)).expect("a time-out");
    stream
}

/// An open WebSocket.
pub struct Socket {
    inner: WebSocket<TcpStream>,
}

impl Socket {
    /// Opens a socket; a refusal is given back as its status and body.
    pub fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Socket, Answer> {
        let mut request = format!("ws://{address}{path}").into_client_request().expect("a request");
        for (name, value) in headers {
            let name = tungstenite::http::HeaderName::from_bytes(name.as_bytes()).expect("a header name");
            request.headers_mut().insert(name, value.parse().expect("a header value"));
        }
        match tungstenite::client(request, connect(address)) {
            Ok((inner, _)) => Ok(Socket { inner }),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => Err(Answer {
                status: answer.status().as_u16(),
                headers: answer
                    .headers()
                    .iter()
                    .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                    .collect(),
                body: answer.into_body().unwrap_or_default(),
            }),
            Err(error) => panic!("the socket does not open: {error}"),
        }
    }

    pub fn send(&mut self, frame: &Value) {
        self.inner.send(Message::text(frame.to_string())).expect("the frame is sent");
    }

    /// The next JSON frame, or the close code.
    pub fn next(&mut self) -> Result<Value, u16> {
        loop {
            match self.inner.read() {
                Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).expect("a JSON frame")),
                Ok(Message::Close(frame)) => return Err(frame.map_or(1005, |frame| frame.code.into())),
                Ok(_) => {}
                Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => return Err(1006),
                Err(tungstenite::Error::Protocol(_)) => return Err(1006),
                Err(error) => panic!("no frame came: {error}"),
            }
        }
    }

    /// The next frame of kind `t`; frames before it are dropped.
    pub fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().unwrap_or_else(|code| panic!("closed with {code} before {kind}"));
            if frame["t"] == kind {
                return frame;
            }
        }
    }

    /// Reads until the close frame and gives its code.
    pub fn close_code(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next() {
                return code;
            }
        }
    }
}

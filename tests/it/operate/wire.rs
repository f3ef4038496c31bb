//! A connection that is kept: JSON and raw bodies over HTTP/1.1, and an error instead of a panic when the server dies.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use super::program::PATIENCE;

/// One connection to a server, with the token of somebody.
pub struct Line {
    reader: BufReader<TcpStream>,
    token: Option<String>,
}

impl Line {
    /// Connects; `token` goes along with every request.
    pub fn open(address: SocketAddr, token: Option<&str>) -> io::Result<Line> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Line { reader: BufReader::new(stream), token: token.map(str::to_owned) })
    }

    /// Sends a JSON body (null for none) and reads a whole JSON answer. An answer that breaks off is an error.
    pub fn ask(&mut self, method: &str, path: &str, body: &Value) -> io::Result<(u16, Value)> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let (status, answer) = self.raw(method, path, "application/json", &body)?;
        let value = if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer)? };
        Ok((status, value))
    }

    /// The same, for tests that know which status must come.
    pub fn must(&mut self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let (found, value) = self.ask(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        assert_eq!(found, status, "{method} {path}: {value}");
        value
    }

    /// Sends a body as it is and reads a whole answer.
    pub fn raw(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n", body.len());
        if !body.is_empty() {
            head.push_str(&format!("content-type: {kind}\r\n"));
        }
        if let Some(token) = &self.token {
            head.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        self.reader.get_mut().write_all(&bytes)?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let status = self.text_line()?.split(' ').nth(1).and_then(|word| word.parse().ok());
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.text_line()?.to_ascii_lowercase();
            match line.split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse().map_err(io::Error::other)?,
                Some(("transfer-encoding", value)) => chunked = value.trim() == "chunked",
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        if chunked {
            body = self.chunks()?;
        } else {
            self.reader.read_exact(&mut body)?;
        }
        Ok((status.ok_or(ErrorKind::InvalidData)?, body))
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(self.text_line()?.trim(), 16).map_err(io::Error::other)?;
            let mut chunk = vec![0; size];
            self.reader.read_exact(&mut chunk)?;
            body.extend_from_slice(&chunk);
            self.text_line()?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn text_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 || !line.ends_with('\n') {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

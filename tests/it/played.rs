//! Somebody elsewhere whom our programs ask over HTTP, played here: reads one request of a connection and answers it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// A request.
pub struct Asked {
    /// Its first line and its headers, each line in small letters.
    pub head: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Asked {
    /// The path that was asked for.
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

/// Answers each request with the status and body that `says` gives, and a `Location` for those who would follow one. Where it
/// gives nothing the connection stays open, and silent.
pub fn play(location: &'static str, says: impl Fn(&Asked) -> Option<(u16, String)> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for stream in listener.incoming().flatten() {
            let Ok(asked) = read(&stream) else { continue };
            match says(&asked) {
                Some(answer) => drop(write(&stream, location, &answer)),
                None => silent.push(stream),
            }
        }
    });
    address
}

fn read(stream: &TcpStream) -> io::Result<Asked> {
    let mut lines = BufReader::new(stream);
    let (mut head, mut size) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(length) = line.strip_prefix("content-length: ") {
            size = length.parse().unwrap_or(0);
        }
        if line.is_empty() {
            break;
        }
        head.push_str(&line);
        head.push('\n');
    }
    let mut body = vec![0; size];
    lines.read_exact(&mut body)?;
    Ok(Asked { head, body })
}

fn write(mut stream: &TcpStream, location: &str, (status, body): &(u16, String)) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nlocation: {location}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes())
}

//! One connection after its first byte decided: plaintext or TLS, with its counted place.
//!
//! Both kinds read, write and write vectored alike, so what runs on top is compiled once. Dropping
//! the connection closes it and gives its place back.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::caps::Admission;

/// A stream of bytes, encrypted or not.
#[derive(Debug)]
pub struct Conn {
    io: Io,
    _admission: Option<Admission>,
}

#[derive(Debug)]
enum Io {
    Plain(TcpStream),
    // Boxed: the TLS state is a hundred times the size of a socket.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Conn {
    /// A plaintext connection.
    #[must_use]
    pub fn plain(stream: TcpStream, admission: Option<Admission>) -> Conn {
        Conn { io: Io::Plain(stream), _admission: admission }
    }

    /// A connection whose TLS handshake is done.
    #[must_use]
    pub fn tls(stream: TlsStream<TcpStream>, admission: Option<Admission>) -> Conn {
        Conn { io: Io::Tls(Box::new(stream)), _admission: admission }
    }
}

impl Conn {
    /// Whether bytes, or the end, have arrived; costs no read. Only to be trusted while everything that came earlier was
    /// read, or some of it may wait decrypted.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        let stream = match &self.io {
            Io::Plain(stream) => stream,
            Io::Tls(stream) => stream.get_ref().0,
        };
        // A failure shows when one reads.
        stream.poll_read_ready(cx).map(drop)
    }
}

impl AsyncRead for Conn {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Io::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Conn {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Io::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Io::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(stream) => stream.is_write_vectored(),
            Io::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Io::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Io::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// A connection taken back from HTTP after its `101`.
#[derive(Debug)]
pub struct Upgraded {
    /// The stream itself; nothing of HTTP is left around it.
    pub conn: Conn,
    /// Bytes that HTTP had read beyond its own; to be read first.
    pub early: Bytes,
    /// Fires when the server stops; the socket then says goodbye.
    pub stop: CancellationToken,
}

//! The limits of every listener, gathered from the settings `listen.*` and `tls.plaintext`.
//!
//! Plain values: where they come from is the business of `config`, what they mean of the files that
//! use them.

use std::time::Duration;

use chatelaine_http::{CapsLimits, Networks};

/// What a connection may do and for how long.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Worker threads; each runs one single-threaded runtime.
    pub workers: usize,
    /// Open connections, in all and per address.
    pub caps: CapsLimits,
    /// Until the first byte.
    pub first_byte: Duration,
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For the head of a request, from its first byte (or from the start of the connection).
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// Between two pieces of a body, in either direction.
    pub body_idle: Duration,
    /// For what is still running when the server stops.
    pub stop_grace: Duration,
    /// The longest head of a request, in bytes.
    pub head_bytes: usize,
    /// The most headers of a request.
    pub headers_max: usize,
    /// The longest body where a mount names no other limit, in bytes.
    pub body_bytes: u64,
    /// Who may name another client address than its own.
    pub trusted_proxies: Networks,
    /// Who is served without TLS.
    pub plaintext: Plaintext,
    /// Whether `/metrics` answers to everybody and not only to this machine.
    pub metrics_open: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        let seconds = Duration::from_secs;
        Limits {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            caps: CapsLimits::default(),
            first_byte: seconds(10),
            handshake: seconds(10),
            head: seconds(10),
            idle: seconds(75),
            body_idle: seconds(30),
            stop_grace: seconds(10),
            head_bytes: 64 * 1024,
            headers_max: 96,
            body_bytes: 1024 * 1024,
            trusted_proxies: Networks::default(),
            plaintext: Plaintext::Loopback,
            metrics_open: false,
        }
    }
}

/// Who is served without TLS. `/health` and `/trust` answer wherever plaintext is heard at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plaintext {
    /// This machine; others are sent to https.
    Loopback,
    /// Nobody; everybody is sent to https.
    Redirect,
    /// Everybody.
    Always,
    /// Nobody; the connection is closed without a word.
    Never,
}

//! The limits of every listener, gathered from the settings `listen.*` and `tls.plaintext`.
//!
//! Plain values: where they come from is the business of `config`, what they mean of the files that
//! use them.

use std::time::Duration;

use chatelaine_http::{CapsLimits, Networks};

use crate::config::{Config, Plaintext};

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

impl Limits {
    /// The limits that the settings name. Fails with the trusted proxy that is no address or network.
    pub fn of(config: &Config) -> Result<Limits, String> {
        let listen = &config.listen;
        let usual = Limits::default();
        Ok(Limits {
            workers: if listen.workers == 0 { usual.workers } else { listen.workers },
            caps: CapsLimits {
                total: listen.connections_max,
                per_address: listen.connections_per_address,
                ..usual.caps
            },
            first_byte: listen.first_byte_s,
            handshake: listen.handshake_s,
            head: listen.head_s,
            idle: listen.idle_s,
            body_idle: listen.body_idle_s,
            stop_grace: listen.stop_grace_s,
            head_bytes: listen.head_bytes,
            headers_max: listen.headers_max,
            body_bytes: u64::try_from(listen.body_bytes).unwrap_or(u64::MAX),
            trusted_proxies: Networks::parse(&listen.trusted_proxies)?,
            plaintext: config.tls.plaintext,
            metrics_open: listen.metrics_open,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_settings() {
        let of_settings = Limits::of(&Config::default()).unwrap();
        assert_eq!(format!("{of_settings:?}"), format!("{:?}", Limits::default()));
    }
}

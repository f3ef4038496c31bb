//! Settings of the port: where it listens and how much one peer may cost.

use std::net::SocketAddr;
use std::time::Duration;

use super::setting::{Kind, Setting};
use super::{Config, size};

/// The port and its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// Where the one port listens, at least one place. `[::]` means every address of both families.
    pub address: Vec<SocketAddr>,
    /// Open connections in all.
    pub connections_max: usize,
    /// Open connections of one address.
    pub connections_per_address: usize,
    /// Wait for the first byte of a connection.
    pub first_byte_s: Duration,
    /// Wait for a TLS handshake.
    pub handshake_s: Duration,
    /// Wait for a whole request head.
    pub head_s: Duration,
    /// A connection without a request is closed after this.
    pub idle_s: Duration,
    /// A request body that does not move is given up after this.
    pub body_idle_s: Duration,
    /// A request body that is read whole must be there within this.
    pub body_s: Duration,
    /// How long a stopping server waits for what is under way.
    pub stop_grace_s: Duration,
    /// Size of a request head.
    pub head_bytes: usize,
    /// Header fields of a request.
    pub headers_max: usize,
    /// Size of a JSON or form body; uploads have their own limit.
    pub body_bytes: usize,
    /// Size of all such bodies that are in memory at the same time.
    pub bodies_bytes: usize,
    /// Addresses or networks whose `X-Forwarded-For` and `X-Forwarded-Proto` headers are believed.
    pub trusted_proxies: Vec<String>,
    /// Worker threads; 0 means one per core.
    pub workers: usize,
    /// Whether `/metrics` answers to everybody and not only to this machine.
    pub metrics_open: bool,
}

impl Listen {
    pub(super) const BLANK: Listen = Listen {
        address: Vec::new(),
        connections_max: 0,
        connections_per_address: 0,
        first_byte_s: Duration::ZERO,
        handshake_s: Duration::ZERO,
        head_s: Duration::ZERO,
        idle_s: Duration::ZERO,
        body_idle_s: Duration::ZERO,
        body_s: Duration::ZERO,
        stop_grace_s: Duration::ZERO,
        head_bytes: 0,
        headers_max: 0,
        body_bytes: 0,
        bodies_bytes: 0,
        trusted_proxies: Vec::new(),
        workers: 0,
        metrics_open: false,
    };
}

const fn seconds(most: u64, put: fn(&mut Config, Duration)) -> Kind {
    Kind::Span { min: Duration::from_millis(10), max: Duration::from_secs(most), put }
}

pub(super) const TABLE: &[Setting] = &[
    Setting::new(
        "listen.address",
        Kind::List {
            allowed: "one ADDRESS:PORT or several, like [::]:7777, 0.0.0.0:7777 or 127.0.0.1:0",
            put: put_address,
        },
        "[::]:7777",
        "Where the one port listens: [::] means all addresses, IPv4 and IPv6, and 0.0.0.0 those of IPv4. Port 0 picks a free one. The flag --listen is the same setting.",
    )
    .next_start(),
    Setting::new(
        "listen.connections_max",
        Kind::Count { min: 1, max: 1_000_000, put: |c, n| c.listen.connections_max = size(n) },
        "15000",
        "Open connections in all; further ones are closed at once.",
    ),
    Setting::new(
        "listen.connections_per_address",
        Kind::Count { min: 1, max: 1_000_000, put: |c, n| c.listen.connections_per_address = size(n) },
        "256",
        "Open connections from one address; those of trusted proxies and of this machine are not counted. Raise it if many people share one address.",
    ),
    Setting::new(
        "listen.first_byte_s",
        seconds(600, |c, d| c.listen.first_byte_s = d),
        "10",
        "A connection that sends nothing is closed after this.",
    ),
    Setting::new(
        "listen.handshake_s",
        seconds(600, |c, d| c.listen.handshake_s = d),
        "10",
        "A TLS handshake must be done within this.",
    ),
    Setting::new(
        "listen.head_s",
        seconds(600, |c, d| c.listen.head_s = d),
        "10",
        "A request head must have arrived within this.",
    ),
    Setting::new(
        "listen.idle_s",
        seconds(86_400, |c, d| c.listen.idle_s = d),
        "75",
        "A kept connection without a request is closed after this.",
    ),
    Setting::new(
        "listen.body_idle_s",
        seconds(3_600, |c, d| c.listen.body_idle_s = d),
        "30",
        "A request body of which nothing arrives for this long is given up.",
    ),
    Setting::new(
        "listen.body_s",
        seconds(3_600, |c, d| c.listen.body_s = d),
        "30",
        "A JSON or form body must be there within this, however steadily it comes, and so must each megabyte of a gRPC message. Uploads may take as long as they move.",
    ),
    Setting::new(
        "listen.stop_grace_s",
        seconds(600, |c, d| c.listen.stop_grace_s = d),
        "10",
        "A stopping server waits this long for requests under way.",
    ),
    Setting::new(
        "listen.head_bytes",
        Kind::Bytes { min: 8_192, max: 1 << 20, put: |c, n| c.listen.head_bytes = size(n) },
        "64KiB",
        "Size of a request head.",
    ),
    Setting::new(
        "listen.headers_max",
        Kind::Count { min: 16, max: 1_000, put: |c, n| c.listen.headers_max = size(n) },
        "96",
        "Header fields of a request.",
    ),
    Setting::new(
        "listen.body_bytes",
        Kind::Bytes { min: 65_536, max: 64 << 20, put: |c, n| c.listen.body_bytes = size(n) },
        "1MiB",
        "Size of a JSON or form body. Uploads have their own limit: files.upload_bytes.",
    ),
    Setting::new(
        "listen.bodies_bytes",
        Kind::Bytes { min: 64 << 20, max: 64 << 30, put: |c, n| c.listen.bodies_bytes = size(n) },
        "64MiB",
        "Size of all JSON and form bodies, and of gRPC messages that are not whole yet, in memory together; further ones are asked to come again.",
    ),
    Setting::new(
        "listen.trusted_proxies",
        Kind::List { allowed: "addresses or networks, like 127.0.0.1 or 10.0.0.0/8", put: put_proxies },
        "",
        "Front servers whose X-Forwarded-For and X-Forwarded-Proto headers are believed.",
    ),
    Setting::new(
        "listen.workers",
        Kind::Count { min: 0, max: 256, put: |c, n| c.listen.workers = size(n) },
        "0",
        "Threads that serve requests; 0 means one per core.",
    ),
    Setting::new(
        "listen.metrics_open",
        Kind::Flag { put: |c, on| c.listen.metrics_open = on },
        "false",
        "Whether the figures at /metrics are shown to everybody and not only to this machine.",
    ),
];

/// Addresses that one server listens on at most.
const ADDRESSES_MAX: usize = 16;

fn put_address(config: &mut Config, items: &[String]) -> bool {
    config.listen.address = items.iter().filter_map(|item| item.parse().ok()).collect();
    config.listen.address.len() == items.len() && (1..=ADDRESSES_MAX).contains(&items.len())
}

fn put_proxies(config: &mut Config, items: &[String]) -> bool {
    config.listen.trusted_proxies = items.to_vec();
    items.len() <= 64 && items.iter().all(|item| is_network(item))
}

/// True for an address with or without `/length`.
fn is_network(text: &str) -> bool {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, length.parse::<u8>().ok()),
        None => (text, Some(0)),
    };
    let most = match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.is_some_and(|length| length <= most)
}

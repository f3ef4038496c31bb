//! Settings of live connections, logs and the web UI.

use std::path::PathBuf;
use std::time::Duration;

use super::setting::{Kind, Setting};
use super::{Config, size, text_within};

/// Live connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Events that may wait for one connection before it is marked as behind.
    pub queue: usize,
    /// The server pings this often.
    pub ping_s: Duration,
    /// A connection silent for this long is closed.
    pub silence_s: Duration,
    /// Size of one message from a client.
    pub message_bytes: usize,
    /// Live connections that one account may have open.
    pub sockets_per_account: usize,
}

impl Live {
    pub(super) const BLANK: Live =
        Live { queue: 0, ping_s: Duration::ZERO, silence_s: Duration::ZERO, message_bytes: 0, sockets_per_account: 0 };
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line per event.
    Text,
    /// One JSON object per line.
    Json,
}

/// The log, written to standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// A level, or levels per module, as `tracing` filters have it.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
}

impl Log {
    pub(super) const BLANK: Log = Log { level: String::new(), format: LogFormat::Text };
}

/// The web UI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// A folder that replaces the built-in pages; empty means built in.
    pub root: PathBuf,
}

impl Web {
    pub(super) const BLANK: Web = Web { root: PathBuf::new() };
}

pub(super) const TABLE: &[Setting] = &[
    Setting::new(
        "live.queue",
        Kind::Count { min: 16, max: 65_536, put: |c, n| c.live.queue = size(n) },
        "1024",
        "Events that may wait for one connection. A client that falls behind reads the rest from the store.",
    ),
    Setting::new(
        "live.ping_s",
        Kind::Span { min: Duration::from_millis(100), max: Duration::from_secs(3_600), put: |c, d| c.live.ping_s = d },
        "30",
        "The server pings a live connection this often.",
    ),
    Setting::new(
        "live.silence_s",
        Kind::Span {
            min: Duration::from_millis(200),
            max: Duration::from_secs(7_200),
            put: |c, d| c.live.silence_s = d,
        },
        "75",
        "A live connection that is silent for this long is closed. More than live.ping_s.",
    ),
    Setting::new(
        "live.message_bytes",
        Kind::Bytes { min: 1_024, max: 4 << 20, put: |c, n| c.live.message_bytes = size(n) },
        "64KiB",
        "Size of one message that a client sends over a live connection.",
    ),
    Setting::new(
        "live.sockets_per_account",
        Kind::Count { min: 1, max: 1_000_000, put: |c, n| c.live.sockets_per_account = size(n) },
        "64",
        "Live connections that one account may have open at a time; the next one is refused.",
    ),
    Setting::new(
        "log.level",
        Kind::Text {
            allowed: "off, error, warn, info, debug or trace, also per module like info,hyper=warn",
            put: put_level,
        },
        "info",
        "What is logged. Logs hold no names, addresses, texts or secrets at any level of our own.",
    ),
    Setting::new(
        "log.format",
        Kind::Choice { of: &["text", "json"], put: put_format },
        "text",
        "One readable line per event, or one JSON object per line.",
    ),
    Setting::new(
        "web.root",
        Kind::Text { allowed: "the path of a folder, or nothing", put: put_root },
        "",
        "A folder with web pages that replaces the built-in ones, on the same origin: another client, or our own UI while it \
         is worked on. Paths that are no file get its index.html; nothing hidden or outside it is served.",
    ),
];

fn put_level(config: &mut Config, text: &str) -> bool {
    config.log.level = text.to_string();
    !text.is_empty() && text.parse::<tracing_subscriber::filter::Targets>().is_ok()
}

fn put_format(config: &mut Config, word: &str) {
    config.log.format = match word {
        "json" => LogFormat::Json,
        _ => LogFormat::Text,
    };
}

fn put_root(config: &mut Config, text: &str) -> bool {
    config.web.root = PathBuf::from(text);
    text_within(text, 0, 4_096)
}

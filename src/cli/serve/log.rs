//! The log: to standard error, as text or JSON, filtered by `log.level`.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{Log, LogFormat};

/// Starts the log. Called once; a second call in one process changes nothing.
pub fn start(log: &Log) {
    let filter: Targets = log.level.parse().unwrap_or_default();
    let layer = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let layer = match log.format {
        LogFormat::Text => layer.compact().with_ansi(false).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let _first = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
}

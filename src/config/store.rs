//! Settings of the store: engine, cache and when an answer counts as durable.

use std::time::Duration;

use super::setting::{Kind, Setting};
use super::{Config, units};

/// Which storage engine keeps the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The default.
    Sled,
    /// For big stores that must open fast.
    Redb,
}

/// When a write is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// After it is on the disk.
    Each,
    /// At once; the disk follows within this time, and a power cut may take that much.
    Every(Duration),
}

/// The store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Which engine keeps the rows.
    pub engine: Engine,
    /// Memory for the engine's cache.
    pub cache_bytes: u64,
    /// When a write is acknowledged.
    pub durability: Durability,
    /// Writes are refused while the file system has less free space than this.
    pub reserve_bytes: u64,
}

impl Store {
    pub(super) const BLANK: Store =
        Store { engine: Engine::Sled, cache_bytes: 0, durability: Durability::Each, reserve_bytes: 0 };
}

pub(super) const TABLE: &[Setting] = &[
    Setting::new(
        "store.engine",
        Kind::Choice { of: &["sled", "redb"], put: put_engine },
        "sled",
        "Which engine keeps the rows. redb opens big stores at once and takes half the space. To change it later: \
         store export, then store import into a new folder.",
    ),
    Setting::new(
        "store.cache_bytes",
        Kind::Bytes { min: 1 << 20, max: 64 << 30, put: |c, n| c.store.cache_bytes = n },
        "64MiB",
        "Memory for the engine's cache. sled really takes about twice this.",
    ),
    Setting::new(
        "store.durability",
        Kind::Text { allowed: "each, or a time from 1ms to 10s like 50ms", put: put_durability },
        "each",
        "each: a write is acknowledged when it is on the disk. A time: it is acknowledged at once and synced within \
         that time; a power cut may then lose that much.",
    ),
    Setting::new(
        "store.reserve_bytes",
        Kind::Bytes { min: 0, max: 1 << 60, put: |c, n| c.store.reserve_bytes = n },
        "64MiB",
        "Writes and uploads are answered with \"storage full\" while the file system has less free space than this; \
         reads go on.",
    ),
];

fn put_engine(config: &mut Config, word: &str) {
    config.store.engine = match word {
        "redb" => Engine::Redb,
        _ => Engine::Sled,
    };
}

fn put_durability(config: &mut Config, text: &str) -> bool {
    if text == "each" {
        config.store.durability = Durability::Each;
        return true;
    }
    let range = Duration::from_millis(1)..=Duration::from_secs(10);
    match units::span(text).filter(|span| range.contains(span)) {
        Some(span) => {
            config.store.durability = Durability::Every(span);
            true
        }
        None => false,
    }
}

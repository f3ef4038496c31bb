//! What a storage engine must offer, and nothing more: ordered bytes, atomic batches, a sync that means it.
//!
//! The commit line is the only caller of `commit` and `sync`; readers use `get` and `scan` from any thread. Engines know
//! neither trees nor rows nor events. The same test suite (`engine_tests.rs`) runs on each of them.

use crate::key::Span;
use std::collections::BTreeMap;
use std::fmt;

/// Which engine keeps the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// sled 0.34: the default.
    Sled,
    /// redb: opens at once, half the space, fewer writes per second.
    Redb,
    /// Nothing survives: for tests, and as the yardstick of measurements.
    Memory,
}

impl EngineKind {
    /// The name that settings and the marker file use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            EngineKind::Sled => "sled",
            EngineKind::Redb => "redb",
            EngineKind::Memory => "memory",
        }
    }

    /// The engine of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<EngineKind> {
        [EngineKind::Sled, EngineKind::Redb, EngineKind::Memory].into_iter().find(|kind| kind.name() == name)
    }
}

/// The direction of a list or a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Greatest key first.
    Descending,
}

/// Whether a scan goes on after a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Show the next row.
    Next,
    /// Stop here.
    Stop,
}

/// The writes of one commit: key to new value, or to nothing for a removal.
pub type Batch = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// How an engine failed.
#[derive(Clone, Debug)]
pub enum EngineError {
    /// The disk is full.
    Full(String),
    /// The stored bytes make no sense.
    Damaged(String),
    /// Anything else from the operating system.
    Io(String),
}

impl fmt::Display for EngineError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::Full(detail) => write!(out, "the disk is full: {detail}"),
            EngineError::Damaged(detail) => write!(out, "the store is damaged: {detail}"),
            EngineError::Io(detail) => write!(out, "input/output failed: {detail}"),
        }
    }
}

impl From<std::io::Error> for EngineError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => EngineError::Full(error.to_string()),
            std::io::ErrorKind::InvalidData => EngineError::Damaged(error.to_string()),
            _ => EngineError::Io(error.to_string()),
        }
    }
}

/// Whether a commit must reach the disk before it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// A `sync` follows at once, or the engine makes this very commit durable.
    Now,
    /// A later `sync` makes it durable.
    Later,
}

/// The reading half of an engine; a snapshot has only this half.
pub trait Reading {
    /// Shows the value under `key` to `seen`, exactly once.
    fn get(&self, key: &[u8], seen: &mut dyn FnMut(Option<&[u8]>)) -> Result<(), EngineError>;

    /// Shows the rows of `span` in order until `visit` says stop. The span is not empty.
    fn scan(&self, span: &Span, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> Step) -> Result<(), EngineError>;
}

/// An ordered keyspace with atomic batches.
pub trait Engine: Reading + Send + Sync + 'static {
    /// A view that later commits do not change; none where the engine has no cheap one, then readers use the engine itself.
    fn snapshot(&self) -> Result<Option<Box<dyn Reading>>, EngineError>;

    /// Applies all of `batch` or nothing of it, also across a crash.
    fn commit(&self, batch: &Batch, urgency: Urgency) -> Result<(), EngineError>;

    /// Returns once every commit so far survives a power cut.
    fn sync(&self) -> Result<(), EngineError>;

    /// Bytes on the disk.
    fn disk_bytes(&self) -> Result<u64, EngineError>;
}

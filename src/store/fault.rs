//! How the store says no: faults of a running store, and the ways in which opening one can fail.
//!
//! Faults are for callers and may be turned into a domain error; opening errors are for operators and carry advice.

use crate::engine::EngineError;
use std::fmt;
use std::path::PathBuf;

/// Why the store could not do what was asked. After any of these nothing of the write has happened, except `Failed` from a
/// store whose disk broke while committing: then it is unknown, and the store takes no more writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full, or closer to full than the reserve allows. Reads go on; writes work again once there is space.
    Full,
    /// More writes wait than the queue takes. Try again a little later.
    Busy,
    /// The store was closed.
    Closed,
    /// The engine failed for good, or this very command panicked. The text is for the log.
    Failed(String),
    /// A stored row cannot be read.
    Damaged {
        /// The tree of the row.
        tree: &'static str,
        /// What is wrong with it, without its content.
        detail: String,
    },
    /// A row or key is longer than the store keeps.
    TooBig {
        /// The tree it was meant for.
        tree: &'static str,
        /// Its length.
        bytes: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Full => write!(out, "the disk is full"),
            Fault::Busy => write!(out, "too many writes are waiting"),
            Fault::Closed => write!(out, "the store is closed"),
            Fault::Failed(detail) => write!(out, "the store failed: {detail}"),
            Fault::Damaged { tree, detail } => write!(out, "a row of {tree} is damaged: {detail}"),
            Fault::TooBig { tree, bytes } => {
                write!(out, "a row of {tree} has {bytes} bytes, more than the store keeps")
            }
        }
    }
}

impl std::error::Error for Fault {}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Full(_) => Fault::Full,
            EngineError::Damaged(_) | EngineError::Io(_) => Fault::Failed(error.to_string()),
        }
    }
}

/// Why a store could not be opened; the printed form tells the operator what to do.
#[derive(Debug)]
pub enum OpenError {
    /// Another process uses the folder.
    Locked {
        /// The folder of the store.
        dir: PathBuf,
    },
    /// The folder cannot be made or written.
    NotWritable {
        /// The folder of the store.
        dir: PathBuf,
        /// What the operating system said.
        detail: String,
    },
    /// The engine found its files damaged.
    Damaged {
        /// What the engine said.
        detail: String,
    },
    /// The folder belongs to another engine.
    OtherEngine {
        /// The engine that the marker file names.
        found: String,
        /// The engine that was asked for.
        wanted: &'static str,
    },
    /// Anything else from the operating system.
    Io {
        /// What it said.
        detail: String,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Locked { dir } => {
                write!(out, "{} is in use by another process; stop that one first", dir.display())
            }
            OpenError::NotWritable { dir, detail } => {
                write!(out, "{} cannot be written ({detail}); check its owner and mode", dir.display())
            }
            OpenError::Damaged { detail } => {
                write!(out, "the store is damaged ({detail}); restore the last backup into an empty folder")
            }
            OpenError::OtherEngine { found, wanted } => write!(
                out,
                "the store was made by the engine {found}, the settings say {wanted}; set store.engine = \"{found}\", or back up with {found} and restore with {wanted}"
            ),
            OpenError::Io { detail } => write!(out, "the store cannot be opened: {detail}"),
        }
    }
}

impl std::error::Error for OpenError {}

//! Backup, restore, change of engine, compaction: one logical format for all four (`format.rs`).
//!
//! An export runs while the store is open and is consistent as of its end. An import makes a new folder for any engine, and
//! only a complete and unaltered file gets that far. Engine files are never copied: they are not consistent while in use.

mod export;
mod format;
mod import;
#[cfg(test)]
mod tests;

pub use export::{Checked, Exported};
pub use format::INFO_BYTES_MAX;
pub use import::{Imported, import, inspect};

pub(crate) use export::Tap;

use crate::fault::{Fault, OpenError};
use std::fmt;
use std::io;

/// Why a backup could not be made or read.
#[derive(Debug)]
pub enum BackupError {
    /// Another export runs.
    Busy,
    /// The file is not a backup of ours, or of a newer form.
    NotOurs(String),
    /// The file was cut off or altered. Use another one.
    Damaged(String),
    /// The folder to restore into holds something already.
    NotEmpty,
    /// The file system of the backup is too slow for what is being written meanwhile.
    TooSlow,
    /// The store failed.
    Store(Fault),
    /// The new folder could not be opened.
    Open(OpenError),
    /// Reading or writing the backup failed.
    Io(io::Error),
}

impl fmt::Display for BackupError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BackupError::Busy => write!(out, "another backup is being made"),
            BackupError::NotOurs(detail) => write!(out, "this is no backup that can be read: {detail}"),
            BackupError::Damaged(detail) => write!(out, "the backup is damaged: {detail}; use another one"),
            BackupError::NotEmpty => write!(out, "the folder to restore into is not empty; name a new one"),
            BackupError::TooSlow => write!(out, "the backup is written more slowly than the store changes"),
            BackupError::Store(fault) => write!(out, "{fault}"),
            BackupError::Open(error) => write!(out, "{error}"),
            BackupError::Io(error) => write!(out, "the backup cannot be read or written: {error}"),
        }
    }
}

impl std::error::Error for BackupError {}

impl From<Fault> for BackupError {
    fn from(fault: Fault) -> Self {
        BackupError::Store(fault)
    }
}

impl From<OpenError> for BackupError {
    fn from(error: OpenError) -> Self {
        BackupError::Open(error)
    }
}

impl From<io::Error> for BackupError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => BackupError::Damaged("it ends too early".to_owned()),
            _ => BackupError::Io(error),
        }
    }
}

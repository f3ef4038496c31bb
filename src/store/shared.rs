//! What the handles of a store and its writer thread share: figures, the failure flag, the space check.
//!
//! A failure is final and set once; whoever runs the server watches it and stops.

use crate::backup::Tap;
use crate::cache::RowCache;
use crate::seal::Seal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// When a write counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Once it survives a power cut. Writes that wait share one sync.
    Each,
    /// Once it survives a crash of this program; the disk is synced this often, so a power cut may lose that much.
    Every(Duration),
}

/// Running totals.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) commits: AtomicU64,
    pub(crate) groups: AtomicU64,
    pub(crate) syncs: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) queued: AtomicU64,
}

/// The common part.
pub(crate) struct Shared {
    pub(crate) counts: Counts,
    /// The folder whose file system must have room; none for the memory engine.
    pub(crate) dir: Option<PathBuf>,
    pub(crate) reserve_bytes: AtomicU64,
    pub(crate) tap: Tap,
    pub(crate) cache: RowCache,
    pub(crate) seal: Seal,
    pub(crate) failure: watch::Sender<Option<String>>,
}

impl Shared {
    pub(crate) fn new(dir: Option<PathBuf>, reserve_bytes: u64, row_cache_bytes: u64) -> Shared {
        Shared {
            counts: Counts::default(),
            dir,
            reserve_bytes: AtomicU64::new(reserve_bytes),
            tap: Tap::default(),
            cache: RowCache::new(row_cache_bytes),
            seal: Seal::default(),
            failure: watch::Sender::new(None),
        }
    }

    /// Marks the store as failed for good; the first reason stays.
    pub(crate) fn fail(&self, reason: &str) {
        self.failure.send_if_modified(|failure| {
            let first = failure.is_none();
            failure.get_or_insert_with(|| reason.to_owned());
            first
        });
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failure.borrow().is_some()
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.borrow().clone()
    }

    /// Whether the file system has more free space than the reserve. Asked before a group is applied, because an engine that
    /// meets a full disk inside a commit does not recover without a restart. If the question fails, the engine shall find out.
    pub(crate) fn has_space(&self) -> bool {
        let reserve = self.reserve_bytes.load(Ordering::Relaxed);
        let Some(dir) = self.dir.as_ref().filter(|_| reserve > 0) else { return true };
        fs4::available_space(dir).map_or(true, |bytes| bytes >= reserve)
    }
}

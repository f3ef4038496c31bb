//! Bodies into a backup and back: hard links where both lie on one file system, copies elsewhere.
//!
//! Bodies never change, so a link is as good as a copy until the disk dies, and what the target has already is left alone: a
//! second backup into the same folder costs only what is new. A backup first holds the sweep, then writes the rows, then
//! copies the bodies; so every body that a saved row names is saved.

use super::{BlobError, Blobs, make_folder};
use crate::disk::{self, sync_folder};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// What a copy of all bodies did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Bodies that are in the target now, whether or not they were before.
    pub bodies: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bodies that had to be linked or copied.
    pub fresh: u64,
}

/// While this lives, no sweep removes a body.
pub struct SweepHold {
    blobs: Blobs,
}

impl Drop for SweepHold {
    fn drop(&mut self) {
        self.blobs.inner.sweep_holds.fetch_sub(1, Ordering::SeqCst);
    }
}

/// How bodies come into the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyKind {
    /// By hard link where possible.
    Link,
    /// Always by copy: the target survives what happens to the source's files.
    Copy,
}

impl Blobs {
    /// Keeps the sweep from removing anything until the hold is dropped.
    #[must_use]
    pub fn hold_sweep(&self) -> SweepHold {
        // Under the gate: a removal that has begun is finished before this returns.
        let _gate = self.inner.gate();
        self.inner.sweep_holds.fetch_add(1, Ordering::SeqCst);
        SweepHold { blobs: self.clone() }
    }

    pub(super) fn sweep_is_held(&self) -> bool {
        self.inner.sweep_holds.load(Ordering::SeqCst) > 0
    }

    /// Brings every body into `target`, durable when this returns. What is there already with the same length stays.
    pub fn copy_to(&self, target: &Blobs, kind: CopyKind) -> Result<Copied, BlobError> {
        let mut copied = Copied::default();
        let mut folder: Option<PathBuf> = None;
        self.each_body(|hash, path| -> Result<(), BlobError> {
            let Some(hash) = hash else { return Ok(()) };
            let home = target.path(&hash);
            let parent = home.parent().unwrap_or(&target.inner.dir);
            if folder.as_deref() != Some(parent) {
                // The walk is in order of names, so each folder comes once and is synced once.
                folder.take().map_or(Ok(()), |done| sync_folder(&done))?;
                make_folder(parent.parent().unwrap_or(&target.inner.dir))?;
                make_folder(parent)?;
                folder = Some(parent.to_owned());
            }
            let bytes = fs::metadata(&path)?.len();
            if fs::metadata(&home).map_or(true, |found| found.len() != bytes) {
                target.bring(&path, &home, kind)?;
                copied.fresh += 1;
            }
            copied.bodies += 1;
            copied.bytes += bytes;
            Ok(())
        })?;
        folder.map_or(Ok(()), |done| sync_folder(&done))?;
        Ok(copied)
    }

    /// Puts the file `from` under the name `home`, whole or not at all.
    fn bring(&self, from: &Path, home: &Path, kind: CopyKind) -> Result<(), BlobError> {
        let number = self.inner.next_tmp.fetch_add(1, Ordering::Relaxed);
        let partial = self.inner.tmp.join(format!("{}-{number}", std::process::id()));
        let linked = kind == CopyKind::Link && disk::link(from, &partial).is_ok();
        let brought = if linked { Ok(()) } else { disk::copy(from, &partial) };
        let brought = brought.and_then(|()| disk::rename(&partial, home));
        if brought.is_err() {
            // The first error is the one that counts.
            let _ = disk::remove(&partial);
        }
        Ok(brought?)
    }
}

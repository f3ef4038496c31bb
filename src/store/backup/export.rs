//! Making a backup of a store in use, and checking its rows.
//!
//! A tap on the commit line collects every group from the moment the export begins. Rows are read in portions in key order;
//! after each portion the collected groups are written behind it. A row may be read before or after a change of it: if before,
//! the change follows in the file; if after, applying it again changes nothing. A last empty command makes sure that every
//! group a portion may have seen is in the tap.

use super::BackupError;
use super::format::Sink;
use crate::Store;
use crate::bus::Carried;
use crate::disk::{self, sync_folder};
use crate::engine::{Batch, Order, Step};
use crate::fault::Fault;
use crate::key::Span;
use crate::open::FIRST_ROW;
use crate::platform;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Key and value as they are stored.
type RawRow = (Vec<u8>, Vec<u8>);

/// Rows read before the tap is emptied.
const PORTION_ROWS: usize = 2_000;

/// The tap gives up when it holds more than this.
const TAP_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What an export wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Rows that were read.
    pub rows: u64,
    /// Changes of the time of the export, written behind the rows.
    pub changes: u64,
    /// Bytes of the backup.
    pub bytes: u64,
    /// The hash at the end of the backup.
    pub hash: [u8; 32],
}

/// What a check of all rows found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Rows that were read.
    pub rows: u64,
    /// Their bytes, keys included.
    pub bytes: u64,
    /// Rows that are wrong.
    pub wrong: u64,
    /// What is wrong with the first hundred of them.
    pub troubles: Vec<String>,
}

/// Collects the groups of the commit line while an export runs. Costs one relaxed load per group when none does.
#[derive(Default)]
pub(crate) struct Tap {
    open: AtomicBool,
    caught: Mutex<Caught>,
}

#[derive(Default)]
struct Caught {
    groups: Vec<Batch>,
    bytes: usize,
    overflowed: bool,
}

impl Tap {
    /// Called by the writer with every group once it is durable.
    pub(crate) fn catch(&self, group: Batch, bytes: usize) {
        if group.is_empty() || !self.open.load(Ordering::Acquire) {
            return;
        }
        let mut caught = self.caught.lock().unwrap_or_else(PoisonError::into_inner);
        caught.bytes += bytes;
        caught.overflowed |= caught.bytes > TAP_BYTES_MAX;
        if caught.overflowed {
            caught.groups = Vec::new();
        } else {
            caught.groups.push(group);
        }
    }

    fn take(&self) -> Result<Vec<Batch>, BackupError> {
        let caught = std::mem::take(&mut *self.caught.lock().unwrap_or_else(PoisonError::into_inner));
        if caught.overflowed { Err(BackupError::TooSlow) } else { Ok(caught.groups) }
    }

    fn begin(&self) -> Result<OpenTap<'_>, BackupError> {
        if self.open.swap(true, Ordering::AcqRel) {
            return Err(BackupError::Busy);
        }
        Ok(OpenTap { tap: self })
    }
}

/// Closes the tap also when the export fails.
struct OpenTap<'a> {
    tap: &'a Tap,
}

impl Drop for OpenTap<'_> {
    fn drop(&mut self) {
        self.tap.open.store(false, Ordering::Release);
        *self.tap.caught.lock().unwrap_or_else(PoisonError::into_inner) = Caught::default();
    }
}

impl<E: Carried> Store<E> {
    /// Writes a backup to `out` while the store is in use; it is consistent as of the end. `info` is kept in its head.
    pub fn export<W: Write>(&self, out: W, info: &[u8]) -> Result<(Exported, W), BackupError> {
        let mut sink = Sink::new(out, info)?;
        let open = self.inner.shared.tap.begin()?;
        // A store that takes no more writes is refused before the first row.
        self.write(|_| Ok::<_, Fault>(()))?;
        let (mut rows, mut changes, mut after) = (0, 0, None);
        while let Some(last) = self.export_portion(&mut sink, &mut rows, after)? {
            changes += export_changes(&mut sink, open.tap.take()?)?;
            after = Some(last);
        }
        self.write(|_| Ok::<_, Fault>(()))?;
        changes += export_changes(&mut sink, open.tap.take()?)?;
        if let Some(failure) = self.failed() {
            return Err(Fault::Failed(failure).into());
        }
        let bytes = sink.bytes + 9 + 32;
        let (hash, out) = sink.finish()?;
        Ok((Exported { rows, changes, bytes, hash }, out))
    }

    /// Writes a backup to a new file that is complete and durable under its name, or not there.
    pub fn export_file(&self, path: &Path, info: &[u8]) -> Result<Exported, BackupError> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = Path::new(&partial);
        let file = platform::for_us_alone(OpenOptions::new().write(true).create(true).truncate(true)).open(partial)?;
        let exported = self.export(file, info).and_then(|(exported, file): (_, File)| {
            disk::sync(&file)?;
            disk::rename(partial, path)?;
            sync_folder(path.parent().unwrap_or(Path::new(".")))?;
            Ok(exported)
        });
        if exported.is_err() {
            // The first error is the one that counts.
            let _ = fs::remove_file(partial);
        }
        exported
    }

    /// Writes the rows behind `after`; gives the last key, or none if there was none left.
    fn export_portion<W: Write>(
        &self,
        sink: &mut Sink<W>,
        rows: &mut u64,
        after: Option<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>, BackupError> {
        let portion = self.portion(after)?;
        for (key, value) in &portion {
            if key != &FIRST_ROW {
                sink.record(key, Some(value))?;
                *rows += 1;
            }
        }
        Ok(portion.into_iter().last().map(|(key, _)| key))
    }

    fn portion(&self, after: Option<Vec<u8>>) -> Result<Vec<RawRow>, Fault> {
        let span = Span { from: after.map_or(Bound::Unbounded, Bound::Excluded), to: Bound::Unbounded };
        let mut rows = Vec::new();
        self.read(|view| {
            view.scan_kept(&span, Order::Ascending, &mut |key, value| {
                rows.push((key.to_vec(), value.to_vec()));
                if rows.len() >= PORTION_ROWS { Step::Stop } else { Step::Next }
            })
        })?;
        Ok(rows)
    }

    /// Shows every row to `check`: the number of its tree, its whole key and its bytes as they were put (see `Tree::check`). A
    /// sealed row that does not open is wrong.
    pub fn check(&self, mut check: impl FnMut(u16, &[u8], &[u8]) -> Result<(), String>) -> Result<Checked, Fault> {
        let (mut checked, mut after) = (Checked::default(), None);
        loop {
            let portion = self.portion(after)?;
            for (key, value) in portion.iter().filter(|(key, _)| key != &FIRST_ROW) {
                checked.rows += 1;
                checked.bytes += (key.len() + value.len()) as u64;
                let outcome = match key.first_chunk::<2>() {
                    Some(tree) => {
                        let tree = u16::from_be_bytes(*tree);
                        let opened = self.inner.shared.seal.open(key, value);
                        opened
                            .map_err(|detail| format!("tree {tree:04x}: {detail}"))
                            .and_then(|row| check(tree, key, &row))
                    }
                    None => Err("a key without a tree".to_owned()),
                };
                let Err(trouble) = outcome else { continue };
                checked.wrong += 1;
                if checked.troubles.len() < 100 {
                    checked.troubles.push(trouble);
                }
            }
            after = portion.into_iter().last().map(|(key, _)| key);
            if after.is_none() {
                return Ok(checked);
            }
        }
    }
}

fn export_changes<W: Write>(sink: &mut Sink<W>, groups: Vec<Batch>) -> Result<u64, BackupError> {
    let mut changes = 0;
    for (key, value) in groups.iter().flatten() {
        sink.record(key, value.as_deref())?;
        changes += 1;
    }
    Ok(changes)
}

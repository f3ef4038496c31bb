//! Restoring a backup into a new folder of any engine.
//!
//! The rows go into a folder beside the wanted one, which gets its name only after the end of the backup has proved right.
//! So a damaged or cut-off backup, or a power cut meanwhile, leaves no store that looks usable.

use super::BackupError;
use super::format::Source;
use crate::disk::{self, sync_folder};
use crate::engine::{Batch, Engine, Urgency};
use crate::fault::Fault;
use crate::open;
use crate::{EngineKind, Options};
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// Bytes of one batch.
const BATCH_BYTES: usize = 512 * 1024;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// What its maker put into its head.
    pub info: Vec<u8>,
    /// Rows and changes.
    pub records: u64,
}

/// Restores a backup into `options.dir`, which must not exist or be empty.
pub fn import(input: impl Read, options: &Options) -> Result<Imported, BackupError> {
    if options.engine == EngineKind::Memory {
        return Err(BackupError::NotOurs("a store in memory cannot be restored into".to_owned()));
    }
    let dir = &options.dir;
    match fs::read_dir(dir).map(|mut entries| entries.next().is_none()) {
        Ok(true) => fs::remove_dir(dir)?,
        Ok(false) => return Err(BackupError::NotEmpty),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let mut partial = dir.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    if partial.exists() {
        fs::remove_dir_all(partial)?;
    }
    let imported = fill(input, options, partial);
    if imported.is_err() {
        // The first error is the one that counts.
        let _ = fs::remove_dir_all(partial);
    }
    let imported = imported?;
    disk::rename(partial, dir)?;
    sync_folder(dir.parent().unwrap_or(Path::new(".")))?;
    Ok(imported)
}

/// Reads a backup to its end without restoring it; `check` sees each row as it was when it was written.
pub fn inspect(
    input: impl Read,
    mut check: impl FnMut(&[u8], Option<&[u8]>) -> Result<(), String>,
) -> Result<Imported, BackupError> {
    let mut source = Source::new(input)?;
    while let Some((key, value)) = source.next()? {
        check(&key, value.as_deref()).map_err(BackupError::Damaged)?;
    }
    Ok(Imported { info: source.info, records: source.records })
}

fn fill(input: impl Read, options: &Options, dir: &Path) -> Result<Imported, BackupError> {
    let mut source = Source::new(input)?;
    let engine = open::open(options.engine, dir, options.cache_bytes)?;
    let (mut batch, mut bytes) = (Batch::new(), 0);
    while let Some((key, value)) = source.next()? {
        bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        batch.insert(key, value);
        if bytes >= BATCH_BYTES {
            commit(&*engine, &batch)?;
            batch = Batch::new();
            bytes = 0;
        }
    }
    commit(&*engine, &batch)?;
    engine.sync().map_err(Fault::from)?;
    open::sync_files(dir)?;
    Ok(Imported { info: source.info, records: source.records })
}

fn commit(engine: &dyn Engine, batch: &Batch) -> Result<(), BackupError> {
    Ok(engine.commit(batch, Urgency::Later).map_err(Fault::from)?)
}

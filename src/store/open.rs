//! Opening a folder: make it durable, check whose it is, start the engine without letting its panics out.
//!
//! A marker file names the engine, so that the wrong one is refused with advice instead of starting empty. It is written after
//! a first row is durable; where the marker is but that row is not, the engine has taken damaged files for new ones (sled does)
//! and the folder is refused. Engines open on a thread of their own, because sled may panic on damaged files.

use crate::disk::{self, sync_folder};
use crate::engine::{Batch, Engine, EngineError, EngineKind, Urgency};
use crate::engine_memory::MemoryEngine;
use crate::engine_redb::RedbEngine;
use crate::engine_sled::SledEngine;
use crate::fault::OpenError;
use crate::platform;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;

/// The file that names the engine of a folder.
const MARKER: &str = "engine";

/// The key of the first row, in tree 0, which belongs to the store itself.
pub(crate) const FIRST_ROW: [u8; 2] = [0, 0];

/// Opens the engine of `dir`, and makes the folder if it is new.
pub(crate) fn open(kind: EngineKind, dir: &Path, cache_bytes: u64) -> Result<Arc<dyn Engine>, OpenError> {
    if kind == EngineKind::Memory {
        return Ok(Arc::new(MemoryEngine::default()));
    }
    let age = prepare(kind, dir)?;
    let folder = dir.to_owned();
    let opening =
        thread::Builder::new().name("store-open".to_owned()).spawn(move || -> Result<Arc<dyn Engine>, OpenError> {
            Ok(match kind {
                EngineKind::Sled => Arc::new(SledEngine::open(&folder, cache_bytes)?),
                EngineKind::Redb => Arc::new(RedbEngine::open(&folder, cache_bytes)?),
                EngineKind::Memory => Arc::new(MemoryEngine::default()),
            })
        });
    let opening = opening.map_err(|error| OpenError::Io { detail: error.to_string() })?;
    let engine = match opening.join() {
        Ok(opened) => opened?,
        Err(_) => return Err(OpenError::Damaged { detail: format!("{} panicked while opening", kind.name()) }),
    };
    let io = |error: io::Error| OpenError::Io { detail: error.to_string() };
    match age {
        Age::Known if !has_first_row(&*engine).map_err(engine_failed)? => {
            Err(OpenError::Damaged { detail: "the engine came up empty over a folder that had rows".to_owned() })
        }
        Age::Known => Ok(engine),
        Age::New => {
            let first = Batch::from([(FIRST_ROW.to_vec(), Some(vec![1]))]);
            engine.commit(&first, Urgency::Now).and_then(|()| engine.sync()).map_err(engine_failed)?;
            sync_files(dir).and_then(|()| write_marker(kind, dir)).map_err(io)?;
            Ok(engine)
        }
    }
}

/// Whether the folder was in use before.
enum Age {
    New,
    Known,
}

fn has_first_row(engine: &dyn Engine) -> Result<bool, EngineError> {
    let mut found = false;
    engine.get(&FIRST_ROW, &mut |value| found = value.is_some())?;
    Ok(found)
}

fn engine_failed(error: EngineError) -> OpenError {
    match error {
        EngineError::Damaged(detail) => OpenError::Damaged { detail },
        EngineError::Full(_) | EngineError::Io(_) => OpenError::Io { detail: error.to_string() },
    }
}

/// The engine that the marker of this folder names, if it has one.
pub fn engine_of(dir: &Path) -> Option<String> {
    fs::read_to_string(dir.join(MARKER)).ok().map(|text| text.trim().to_owned())
}

fn prepare(kind: EngineKind, dir: &Path) -> Result<Age, OpenError> {
    let refused = |error: io::Error| match error.kind() {
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::NotADirectory
        | ErrorKind::AlreadyExists => OpenError::NotWritable { dir: dir.to_owned(), detail: error.to_string() },
        _ => OpenError::Io { detail: error.to_string() },
    };
    if !dir.is_dir() {
        fs::create_dir(dir).map_err(refused)?;
        sync_folder(dir.parent().unwrap_or(Path::new("."))).map_err(refused)?;
    }
    match fs::read_to_string(dir.join(MARKER)) {
        Ok(found) if found.trim() == kind.name() => Ok(Age::Known),
        Ok(found) => Err(OpenError::OtherEngine { found: found.trim().to_owned(), wanted: kind.name() }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Age::New),
        Err(error) => Err(refused(error)),
    }
}

fn write_marker(kind: EngineKind, dir: &Path) -> io::Result<()> {
    let fresh = dir.join("engine.new");
    let mut file = File::create(&fresh)?;
    writeln!(file, "{}", kind.name())?;
    disk::sync(&file)?;
    disk::rename(&fresh, &dir.join(MARKER))?;
    sync_folder(dir)
}

/// Makes what the engine created while opening survive a power cut: the files, then their names.
pub(crate) fn sync_files(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            disk::sync(&platform::open_to_keep(&entry.path())?)?;
        }
    }
    sync_folder(dir)
}

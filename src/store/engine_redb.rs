//! The second engine: redb 4. The only file that names it.
//!
//! A copy-on-write tree in one file: it opens at once, takes half the space of sled, and gives readers true snapshots. A commit
//! is durable when it returns, so a group is one write transaction and `sync` has nothing left to do, except after commits
//! that were allowed to wait: redb makes those durable with the next durable one, which may be empty.

use crate::engine::{Batch, Engine, EngineError, Order, Reading, Step, Urgency};
use crate::fault::OpenError;
use crate::key::Span;
use redb::{Database, DatabaseError, Durability, ReadOnlyTable, ReadableDatabase, StorageError, TableDefinition};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

const ROWS: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("rows");

/// The file in which redb keeps everything.
const DATA_FILE: &str = "rows.redb";

/// Rows in redb.
pub(crate) struct RedbEngine {
    db: Database,
    path: PathBuf,
    /// Whether commits wait for a durable one.
    unsynced: AtomicBool,
}

impl RedbEngine {
    /// Opens or makes the store in `dir`.
    pub(crate) fn open(dir: &Path, cache_bytes: u64) -> Result<RedbEngine, OpenError> {
        let path = dir.join(DATA_FILE);
        let db = builder(cache_bytes).create(&path).map_err(|error| open_error(dir, error))?;
        RedbEngine::new(db, path)
    }

    /// Opens on another medium than a file: one that loses what was not synced.
    #[cfg(test)]
    pub(crate) fn open_on(medium: impl redb::StorageBackend) -> Result<RedbEngine, OpenError> {
        let db = builder(1 << 20).create_with_backend(medium).map_err(|error| open_error(Path::new(""), error))?;
        RedbEngine::new(db, PathBuf::new())
    }

    fn new(db: Database, path: PathBuf) -> Result<RedbEngine, OpenError> {
        let engine = RedbEngine { db, path, unsynced: AtomicBool::new(false) };
        // Readers may come before the first write, and they need the table.
        engine.commit(&Batch::new(), Urgency::Now).map_err(|error| OpenError::Damaged { detail: error.to_string() })?;
        Ok(engine)
    }

    fn table(&self) -> Result<Snapshot, EngineError> {
        let table = self.db.begin_read().map_err(failed)?.open_table(ROWS).map_err(failed)?;
        Ok(Snapshot { table })
    }
}

fn builder(cache_bytes: u64) -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(usize::try_from(cache_bytes).unwrap_or(usize::MAX));
    builder
}

fn open_error(dir: &Path, error: DatabaseError) -> OpenError {
    let detail = error.to_string();
    match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::Locked { dir: dir.to_owned() },
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            OpenError::NotWritable { dir: dir.to_owned(), detail }
        }
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() != std::io::ErrorKind::InvalidData => {
            OpenError::Io { detail }
        }
        _ => OpenError::Damaged { detail },
    }
}

/// redb has an error type for each call; all of them flow into one that this tells apart.
fn failed(error: impl Into<redb::Error>) -> EngineError {
    match error.into() {
        redb::Error::Io(error) => error.into(),
        other @ redb::Error::Corrupted(_) => EngineError::Damaged(other.to_string()),
        other => EngineError::Io(other.to_string()),
    }
}

/// The rows as of one moment.
struct Snapshot {
    table: ReadOnlyTable<&'static [u8], &'static [u8]>,
}

impl Reading for Snapshot {
    fn get(&self, key: &[u8], seen: &mut dyn FnMut(Option<&[u8]>)) -> Result<(), EngineError> {
        let value = self.table.get(key).map_err(failed)?;
        seen(value.as_ref().map(|value| value.value()));
        Ok(())
    }

    fn scan(&self, span: &Span, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> Step) -> Result<(), EngineError> {
        let mut rows = self.table.range::<&[u8]>(span.ends()).map_err(failed)?;
        loop {
            let row = match order {
                Order::Ascending => rows.next(),
                Order::Descending => rows.next_back(),
            };
            let Some(row) = row else { return Ok(()) };
            let (key, value) = row.map_err(failed)?;
            if visit(key.value(), value.value()) == Step::Stop {
                return Ok(());
            }
        }
    }
}

impl Reading for RedbEngine {
    fn get(&self, key: &[u8], seen: &mut dyn FnMut(Option<&[u8]>)) -> Result<(), EngineError> {
        self.table()?.get(key, seen)
    }

    fn scan(&self, span: &Span, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> Step) -> Result<(), EngineError> {
        self.table()?.scan(span, order, visit)
    }
}

impl Engine for RedbEngine {
    fn snapshot(&self) -> Result<Option<Box<dyn Reading>>, EngineError> {
        Ok(Some(Box::new(self.table()?)))
    }

    fn commit(&self, batch: &Batch, urgency: Urgency) -> Result<(), EngineError> {
        let mut write = self.db.begin_write().map_err(failed)?;
        let durability = if urgency == Urgency::Now { Durability::Immediate } else { Durability::None };
        write.set_durability(durability).map_err(|error| EngineError::Io(error.to_string()))?;
        {
            let mut table = write.open_table(ROWS).map_err(failed)?;
            for (key, value) in batch {
                match value {
                    Some(value) => table.insert(key.as_slice(), value.as_slice()).map_err(failed)?,
                    None => table.remove(key.as_slice()).map_err(failed)?,
                };
            }
        }
        write.commit().map_err(failed)?;
        self.unsynced.store(urgency == Urgency::Later, Ordering::Release);
        Ok(())
    }

    fn sync(&self) -> Result<(), EngineError> {
        if self.unsynced.load(Ordering::Acquire) {
            self.commit(&Batch::new(), Urgency::Now)?;
        }
        Ok(())
    }

    fn disk_bytes(&self) -> Result<u64, EngineError> {
        Ok(std::fs::metadata(&self.path)?.len())
    }
}

//! The default engine: sled 0.34. The only file that names it.
//!
//! sled's own `flush` ends in `sync_file_range`, which gives no durability: simulated power cuts then lose acknowledged writes
//! or make the store unopenable. So durable means: `apply_batch`, `flush`, then `sync_data` on our own handle of the file
//! `db`; all three are kept in this order here and nowhere else. One sled tree holds everything: many of them cost gigabytes,
//! and its transactions are slower than a batch. After its first input/output error sled keeps failing, which the commit line
//! treats as final.

use crate::disk;
use crate::engine::{Batch, Engine, EngineError, Order, Reading, Step, Urgency};
use crate::fault::OpenError;
use crate::key::Span;
use crate::platform;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

/// The file in which sled keeps everything but its index snapshots.
const DATA_FILE: &str = "db";
/// How long a lock may outlive its store, and how often it is tried meanwhile.
const LOCK_LINGERS: Duration = Duration::from_millis(1_500);
const LOCK_ASKED_EVERY: Duration = Duration::from_millis(20);

/// Rows in sled.
pub(crate) struct SledEngine {
    db: sled::Db,
    data: File,
}

impl SledEngine {
    /// Opens or makes the store in `dir`. May panic on damage: the caller contains that.
    pub(crate) fn open(dir: &Path, cache_bytes: u64) -> Result<SledEngine, OpenError> {
        let db = open_patiently(dir, cache_bytes)?;
        let data = platform::open_to_keep(&dir.join(DATA_FILE))
            .map_err(|error| OpenError::Io { detail: error.to_string() })?;
        Ok(SledEngine { db, data })
    }
}

/// sled's helper threads may hold the lock of a store for a moment after its last handle is gone, so who opens it again at once
/// waits that moment; another server on the same folder is still there when it is over.
fn open_patiently(dir: &Path, cache_bytes: u64) -> Result<sled::Db, OpenError> {
    let begun = Instant::now();
    loop {
        let opened = sled::Config::new().path(dir).cache_capacity(cache_bytes).flush_every_ms(Some(500)).open();
        match opened.map_err(|error| open_error(dir, error)) {
            Err(OpenError::Locked { .. }) if begun.elapsed() < LOCK_LINGERS => {
                std::thread::park_timeout(LOCK_ASKED_EVERY)
            }
            other => return other,
        }
    }
}

fn open_error(dir: &Path, error: sled::Error) -> OpenError {
    let detail = error.to_string();
    match error {
        sled::Error::Io(_) if detail.contains("could not acquire lock") => OpenError::Locked { dir: dir.to_owned() },
        sled::Error::Io(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            OpenError::NotWritable { dir: dir.to_owned(), detail }
        }
        sled::Error::Corruption { .. } | sled::Error::ReportableBug(_) | sled::Error::CollectionNotFound(_) => {
            OpenError::Damaged { detail }
        }
        sled::Error::Io(_) | sled::Error::Unsupported(_) => OpenError::Io { detail },
    }
}

impl From<sled::Error> for EngineError {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => error.into(),
            other => EngineError::Damaged(other.to_string()),
        }
    }
}

impl Reading for SledEngine {
    fn get(&self, key: &[u8], seen: &mut dyn FnMut(Option<&[u8]>)) -> Result<(), EngineError> {
        let value = self.db.get(key)?;
        seen(value.as_deref());
        Ok(())
    }

    fn scan(&self, span: &Span, order: Order, visit: &mut dyn FnMut(&[u8], &[u8]) -> Step) -> Result<(), EngineError> {
        let mut rows = self.db.range::<&[u8], _>(span.ends());
        loop {
            let row = match order {
                Order::Ascending => rows.next(),
                Order::Descending => rows.next_back(),
            };
            let Some(row) = row else { return Ok(()) };
            let (key, value) = row?;
            if visit(&key, &value) == Step::Stop {
                return Ok(());
            }
        }
    }
}

impl Engine for SledEngine {
    fn snapshot(&self) -> Result<Option<Box<dyn Reading>>, EngineError> {
        Ok(None)
    }

    fn commit(&self, batch: &Batch, _urgency: Urgency) -> Result<(), EngineError> {
        let mut writes = sled::Batch::default();
        for (key, value) in batch {
            match value {
                Some(value) => writes.insert(key.as_slice(), value.as_slice()),
                None => writes.remove(key.as_slice()),
            }
        }
        Ok(self.db.apply_batch(writes)?)
    }

    fn sync(&self) -> Result<(), EngineError> {
        self.db.flush()?;
        Ok(disk::sync(&self.data)?)
    }

    fn disk_bytes(&self) -> Result<u64, EngineError> {
        Ok(self.db.size_on_disk()?)
    }
}

//! File bodies: each is a file named by the blake3 hash of its content, written once, never changed.
//!
//! `data/blobs/ab/cd/<64 hex>` holds bodies, `data/blobs/tmp/` what is being received. A body is durable, name and all, before
//! `finish` returns; the row that names it must be written after that, and removed before the body is. Who may read a body,
//! what it is called and how often it is used is none of this folder's business.

mod copy;
#[cfg(test)]
mod crash_tests;
mod get;
mod parts;
mod put;
mod second;
mod sweep;
#[cfg(test)]
mod tests;

pub use copy::{Copied, CopyKind, SweepHold};
pub use get::Body;
pub use parts::PartWriter;
pub use put::{SecondHash, Stored, Upload, UploadOptions};
pub use sweep::{Swept, Trouble, Verified};

use crate::disk;
use crate::key::Key;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The name of a body: the blake3 hash of its content. Prints as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlobHash(pub [u8; 32]);

impl fmt::Display for BlobHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for BlobHash {
    type Err = BlobError;

    /// Reads 64 lower-case hex digits; anything else is no hash, so no other path can be made from one.
    fn from_str(text: &str) -> Result<Self, BlobError> {
        let mut hash = [0; 32];
        let digit = |byte: &u8| char::from(*byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != hash.len() || !rest.is_empty() {
            return Err(BlobError::NoHash);
        }
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            let value = digit(high).zip(digit(low)).map(|(high, low)| high * 16 + low);
            *byte = value.and_then(|value| u8::try_from(value).ok()).ok_or(BlobError::NoHash)?;
        }
        Ok(BlobHash(hash))
    }
}

impl Key for BlobHash {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        <[u8; 32]>::decode(bytes).map(BlobHash)
    }
}

/// Why a body could not be stored or read.
#[derive(Debug)]
pub enum BlobError {
    /// The body is longer than its limit allows.
    TooBig {
        /// The limit that was given.
        limit: u64,
    },
    /// The disk is full, or closer to full than the reserve allows.
    Full,
    /// A part was written at another place than its end. Continue at `received`.
    Misplaced {
        /// How many bytes are there.
        received: u64,
    },
    /// Somebody else is writing this part, or a backup needs the sweep to wait.
    Busy,
    /// There is no such part.
    NoPart,
    /// The text is not the name of a body.
    NoHash,
    /// The content is not the announced one.
    Other,
    /// Anything else from the operating system.
    Io(io::Error),
}

impl fmt::Display for BlobError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BlobError::TooBig { limit } => write!(out, "the body is longer than {limit} bytes"),
            BlobError::Full => write!(out, "the disk is full"),
            BlobError::Misplaced { received } => write!(out, "the part goes on at byte {received}"),
            BlobError::Busy => write!(out, "it is in use"),
            BlobError::NoPart => write!(out, "there is no such part"),
            BlobError::NoHash => write!(out, "not the name of a body"),
            BlobError::Other => write!(out, "the content has another hash than announced"),
            BlobError::Io(error) => write!(out, "{error}"),
        }
    }
}

impl std::error::Error for BlobError {}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => BlobError::Full,
            _ => BlobError::Io(error),
        }
    }
}

/// The folder of file bodies; clones are handles of the same one. Every call here may block.
#[derive(Clone)]
pub struct Blobs {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    tmp: PathBuf,
    reserve_bytes: AtomicU64,
    /// Taken while a body gets its name and while one is removed, so that the sweep cannot take what is being stored again.
    /// It holds the folders (the first two bytes of a hash) whose names and bodies this run has seen synced.
    gate: Mutex<HashSet<[u8; 2]>>,
    /// Parts that somebody writes.
    busy: Mutex<HashSet<u64>>,
    next_tmp: AtomicU64,
    /// How many backups need the sweep to wait.
    sweep_holds: AtomicU64,
}

impl Blobs {
    /// Opens the folder, makes it if it is new, and removes what was left half received (parts of resumable uploads stay).
    ///
    /// Bodies are refused with `Full` while the file system has less than `reserve_bytes` free.
    pub fn open(dir: &Path, reserve_bytes: u64) -> io::Result<Blobs> {
        let tmp = dir.join("tmp");
        make_folder(dir)?;
        make_folder(&tmp)?;
        for entry in fs::read_dir(&tmp)? {
            let path = entry?.path();
            if parts::id_of(&path).is_none() {
                disk::remove(&path)?;
            }
        }
        let inner = Inner {
            dir: dir.to_owned(),
            tmp,
            reserve_bytes: AtomicU64::new(reserve_bytes),
            gate: Mutex::default(),
            busy: Mutex::default(),
            next_tmp: AtomicU64::new(0),
            sweep_holds: AtomicU64::new(0),
        };
        Ok(Blobs { inner: Arc::new(inner) })
    }

    /// Where the body of this hash lies, whether or not it is there.
    #[must_use]
    pub fn path(&self, hash: &BlobHash) -> PathBuf {
        let [first, second, ..] = hash.0;
        self.inner.dir.join(format!("{first:02x}")).join(format!("{second:02x}")).join(hash.to_string())
    }

    /// How much of the disk under the bodies is in use, in percent; none when the system does not say.
    #[must_use]
    pub fn disk_used_percent(&self) -> Option<f64> {
        let space = fs4::statvfs(&self.inner.tmp).ok()?;
        let used = space.total_space().saturating_sub(space.free_space());
        let all = used.saturating_add(space.available_space());
        (all > 0).then(|| used as f64 * 100.0 / all as f64)
    }

    /// Changes how much free space the file system must keep for bodies to be taken.
    pub fn set_reserve(&self, bytes: u64) {
        self.inner.reserve_bytes.store(bytes, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Inner {
    fn gate(&self) -> MutexGuard<'_, HashSet<[u8; 2]>> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn require_space(&self) -> Result<(), BlobError> {
        let reserve = self.reserve_bytes.load(std::sync::atomic::Ordering::Relaxed);
        let enough = fs4::available_space(&self.tmp).map_or(true, |bytes| bytes >= reserve);
        if enough { Ok(()) } else { Err(BlobError::Full) }
    }
}

/// Makes a folder whose name survives a power cut, also if it was there.
fn make_folder(dir: &Path) -> io::Result<()> {
    match disk::make_folder(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => disk::sync_folder(dir.parent().unwrap_or(Path::new("."))),
    }
}

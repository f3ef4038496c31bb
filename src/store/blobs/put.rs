//! Receiving a body: write, hash on the way, make it durable, give it its name.
//!
//! Order: bytes, `sync_data`, rename, folder sync; only then is the body announced. A body that is there already is kept and
//! its date renewed, so that a sweep that runs at this moment does not take it for an old one.

use super::second::Second;
use super::{BlobError, BlobHash, Blobs, make_folder};
use crate::disk::{self, sync_folder};
use crate::platform;
use fail::fail_point;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::SystemTime;

/// Free space is asked for again after so many bytes.
const SPACE_CHECK_BYTES: u64 = 8 * 1024 * 1024;

/// How a body is received.
#[derive(Clone, Copy, Debug)]
pub struct UploadOptions {
    /// Its greatest length.
    pub bytes_max: u64,
    /// A second hash, where a protocol asks for one. Long bodies get a thread for it.
    pub second: SecondHash,
}

/// Which second hash is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondHash {
    /// None.
    Off,
    /// SHA-256.
    Sha256,
    /// SHA3-256.
    Sha3,
}

/// A body that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub hash: BlobHash,
    /// Its length.
    pub bytes: u64,
    /// The second hash, if one was asked for.
    pub second: Option<[u8; 32]>,
    /// Whether the same content was there before.
    pub known: bool,
}

/// The running hashes of a body.
struct Hashes {
    first: blake3::Hasher,
    second: Option<Second>,
}

impl Hashes {
    fn new(second: SecondHash) -> Hashes {
        Hashes { first: blake3::Hasher::new(), second: Second::new(second) }
    }

    fn update(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.first.update(bytes);
        self.second.as_mut().map_or(Ok(()), |second| second.update(bytes))
    }

    fn finish(self) -> io::Result<(BlobHash, Option<[u8; 32]>)> {
        let second = self.second.map(Second::finish).transpose()?;
        Ok((BlobHash(*self.first.finalize().as_bytes()), second))
    }
}

impl io::Write for Hashes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes)?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A body on its way in. Dropping it without `finish` removes what was received.
pub struct Upload {
    blobs: Blobs,
    file: File,
    path: PathBuf,
    hashes: Option<Hashes>,
    bytes: u64,
    bytes_max: u64,
    placed: bool,
}

impl Upload {
    /// Takes the next bytes; best in portions of 256 KiB. After an error the upload is of no use any more.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        let before = self.bytes;
        self.bytes = before.saturating_add(bytes.len() as u64);
        if self.bytes > self.bytes_max {
            return Err(BlobError::TooBig { limit: self.bytes_max });
        }
        if before / SPACE_CHECK_BYTES != self.bytes / SPACE_CHECK_BYTES {
            self.blobs.inner.require_space()?;
        }
        if let Some(hashes) = &mut self.hashes {
            hashes.update(bytes)?;
        }
        Ok(disk::write(&mut self.file, bytes)?)
    }

    /// How many bytes came so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.bytes
    }

    /// Makes the body durable under its name. Only after this may a row name it.
    pub fn finish(self) -> Result<Stored, BlobError> {
        self.finish_if(|_| true)
    }

    /// As `finish`, if the second hash is this one. Fails with `Other` and leaves nothing behind if not.
    pub fn finish_expecting(self, second: &[u8; 32]) -> Result<Stored, BlobError> {
        self.finish_if(|found| found == Some(second))
    }

    fn finish_if(mut self, is_right: impl FnOnce(Option<&[u8; 32]>) -> bool) -> Result<Stored, BlobError> {
        let (hash, second) = self.hashes.take().ok_or(BlobError::NoPart)?.finish()?;
        if !is_right(second.as_ref()) {
            return Err(BlobError::Other);
        }
        let known = self.blobs.place(&self.file, &self.path, &hash)?;
        self.placed = true;
        Ok(Stored { hash, bytes: self.bytes, second, known })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.placed {
            // What cannot be removed now is removed at the next start.
            let _ = disk::remove(&self.path);
        }
    }
}

impl Blobs {
    /// Begins to receive a body.
    pub fn upload(&self, options: UploadOptions) -> Result<Upload, BlobError> {
        self.inner.require_space()?;
        let path = self.tmp_path();
        let file = disk::create(&path)?;
        let hashes = Some(Hashes::new(options.second));
        Ok(Upload { blobs: self.clone(), file, path, hashes, bytes: 0, bytes_max: options.bytes_max, placed: false })
    }

    /// Stores a body that is in memory.
    pub fn put(&self, bytes: &[u8], second: SecondHash) -> Result<Stored, BlobError> {
        let mut upload = self.upload(UploadOptions { bytes_max: u64::MAX, second })?;
        upload.write(bytes)?;
        upload.finish()
    }

    /// A name in `tmp` that nobody else uses.
    pub(super) fn tmp_path(&self) -> PathBuf {
        let number = self.inner.next_tmp.fetch_add(1, Ordering::Relaxed);
        self.inner.tmp.join(format!("{}-{number}", std::process::id()))
    }

    /// Names a file that was received elsewhere in `tmp`: a finished part.
    pub(super) fn adopt(&self, mut file: File, path: &Path, second: SecondHash) -> Result<Stored, BlobError> {
        let mut hashes = Hashes::new(second);
        io::Seek::rewind(&mut file)?;
        let bytes = io::copy(&mut io::BufReader::with_capacity(256 * 1024, &file), &mut hashes)?;
        let (hash, second) = hashes.finish()?;
        let known = self.place(&file, path, &hash)?;
        Ok(Stored { hash, bytes, second, known })
    }

    /// Syncs the received file and gives it its name; true if the body was there already.
    fn place(&self, file: &File, path: &Path, hash: &BlobHash) -> Result<bool, BlobError> {
        fail_point!("blob-before-sync", |_| Err(io::Error::other("failpoint").into()));
        // The last byte of a part may be old; the body is young from now on, and the sweep leaves it until its row stands.
        file.set_modified(SystemTime::now())?;
        disk::sync(file)?;
        fail_point!("blob-before-rename", |_| Err(io::Error::other("failpoint").into()));
        let home = self.path(hash);
        let folder = home.parent().unwrap_or(&self.inner.dir);
        let [first, second, ..] = hash.0;
        let mut durable = self.inner.gate();
        if !durable.contains(&[first, second]) {
            // Also where they are there already: an earlier run may have ended between making and syncing them.
            make_folder(folder.parent().unwrap_or(&self.inner.dir))?;
            make_folder(folder)?;
            sync_folder(folder)?;
            durable.insert([first, second]);
        }
        if home.exists() {
            platform::open_to_keep(&home)?.set_modified(SystemTime::now())?;
            disk::remove(path)?;
            return Ok(true);
        }
        // Until the sync has succeeded, nobody may take this name for a durable one.
        durable.remove(&[first, second]);
        disk::rename(path, &home)?;
        fail_point!("blob-after-rename", |_| Err(io::Error::other("failpoint").into()));
        sync_folder(folder)?;
        durable.insert([first, second]);
        Ok(false)
    }
}

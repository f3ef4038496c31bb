//! Resumable uploads: parts that grow over several requests and outlive a restart.
//!
//! A part is `tmp/<number>.part`. Its length says how far it came; a caller who keeps a record of its own cuts the part back to
//! that first. The number is the caller's (an id from its rows); a part without a row is removed by the sweep.
//! A part that became a body stays until it is dropped, so that a crash before the row is written costs nobody an upload.

use super::put::SecondHash;
use super::{BlobError, Blobs, Body, Stored, UploadOptions};
use crate::disk::{self, sync_folder};
use crate::platform;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The number of a part, if this is the path of one.
pub(super) fn id_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(".part")?.parse().ok()
}

/// One request's piece of a part. What was written stays, also when the connection breaks.
pub struct PartWriter {
    blobs: Blobs,
    id: u64,
    file: File,
    received: u64,
    bytes_max: u64,
}

impl PartWriter {
    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        let after = self.received.saturating_add(bytes.len() as u64);
        if after > self.bytes_max {
            return Err(BlobError::TooBig { limit: self.bytes_max });
        }
        disk::write(&mut self.file, bytes)?;
        self.received = after;
        Ok(())
    }

    /// Makes what was appended durable, and says how long the part is now.
    pub fn done(self) -> Result<u64, BlobError> {
        disk::sync(&self.file)?;
        Ok(self.received)
    }
}

impl Drop for PartWriter {
    fn drop(&mut self) {
        self.blobs.inner.busy().remove(&self.id);
    }
}

impl Blobs {
    /// Makes an empty part. Fails if there is one of this number.
    pub fn begin_part(&self, id: u64) -> Result<(), BlobError> {
        self.inner.require_space()?;
        disk::create(&self.part_path(id))?;
        Ok(sync_folder(&self.inner.tmp)?)
    }

    /// How many bytes of this part are there; none if there is no such part.
    pub fn part_received(&self, id: u64) -> Result<Option<u64>, BlobError> {
        match fs::metadata(self.part_path(id)) {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Goes on with a part at `offset`, which must be its end. One writer at a time: a second one is `Busy`.
    pub fn append_part(&self, id: u64, offset: u64, bytes_max: u64) -> Result<PartWriter, BlobError> {
        self.inner.require_space()?;
        let mut file = self.hold_part(id)?;
        // From here on the writer's drop gives the part free again.
        let received = require_unnamed(&file).and_then(|()| Ok(file.seek(SeekFrom::End(0))?));
        let mut writer = PartWriter { blobs: self.clone(), id, file, received: 0, bytes_max };
        writer.received = received?;
        if writer.received == offset { Ok(writer) } else { Err(BlobError::Misplaced { received: writer.received }) }
    }

    /// Shortens a part to `length`: what lies beyond was never recorded. Fails with `Misplaced` when less than that is there.
    pub fn cut_part(&self, id: u64, length: u64) -> Result<(), BlobError> {
        let file = self.hold_part(id)?;
        let cut = cut(&file, length);
        self.inner.busy().remove(&id);
        cut
    }

    /// Turns a part into a body. Reads it once more for its hash. May be repeated until the part is dropped.
    pub fn finish_part(&self, id: u64, second: SecondHash) -> Result<Stored, BlobError> {
        let file = self.hold_part(id)?;
        let stored = self.name_part(file, id, second);
        self.inner.busy().remove(&id);
        stored
    }

    fn name_part(&self, mut file: File, id: u64, second: SecondHash) -> Result<Stored, BlobError> {
        let link = self.tmp_path();
        if disk::link(&self.part_path(id), &link).is_ok() {
            return self.adopt(file, &link, second);
        }
        // Some file systems have no second names; there the part is copied.
        let mut upload = self.upload(UploadOptions { bytes_max: u64::MAX, second })?;
        let mut portion = vec![0; 256 * 1024];
        file.rewind()?;
        loop {
            let count = file.read(&mut portion)?;
            match portion.get(..count) {
                Some(bytes) if count > 0 => upload.write(bytes)?,
                _ => return upload.finish(),
            }
        }
    }

    /// Opens a part for reading; none if there is no such part.
    pub fn open_part(&self, id: u64) -> Result<Option<Body>, BlobError> {
        match File::open(self.part_path(id)) {
            Ok(file) => {
                let bytes = file.metadata()?.len();
                Ok(Some(Body { file, bytes }))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives a part up.
    pub fn drop_part(&self, id: u64) -> Result<(), BlobError> {
        match disk::remove(&self.part_path(id)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn part_path(&self, id: u64) -> PathBuf {
        self.inner.tmp.join(format!("{id}.part"))
    }

    fn hold_part(&self, id: u64) -> Result<File, BlobError> {
        if !self.inner.busy().insert(id) {
            return Err(BlobError::Busy);
        }
        let opened = OpenOptions::new().read(true).write(true).open(self.part_path(id));
        opened.map_err(|error| {
            self.inner.busy().remove(&id);
            if error.kind() == ErrorKind::NotFound { BlobError::NoPart } else { error.into() }
        })
    }
}

/// A part that is a body too must not change any more.
fn require_unnamed(file: &File) -> Result<(), BlobError> {
    let found = file.metadata()?;
    if platform::names_of(&found) > 1 { Err(BlobError::Misplaced { received: found.len() }) } else { Ok(()) }
}

fn cut(file: &File, length: u64) -> Result<(), BlobError> {
    let received = file.metadata()?.len();
    if received < length {
        return Err(BlobError::Misplaced { received });
    }
    if received > length {
        require_unnamed(file)?;
        disk::set_len(file, length)?;
    }
    Ok(())
}

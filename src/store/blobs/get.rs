//! Reading bodies: an open file with its length, or a range of bytes.
//!
//! An open body stays readable when it is removed meanwhile, so a download is never cut off by the sweep.

use super::{BlobError, BlobHash, Blobs};
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;

/// A body that is open for reading.
#[derive(Debug)]
pub struct Body {
    /// The file, at its beginning.
    pub file: File,
    /// Its length.
    pub bytes: u64,
}

impl Body {
    /// The bytes from `offset`, at most `length` of them; fewer where the body ends.
    pub fn range(&self, offset: u64, length: usize) -> Result<Vec<u8>, BlobError> {
        let left = usize::try_from(self.bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length.min(left)];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }
}

impl Blobs {
    /// Opens a body; none if there is no such one.
    pub fn get(&self, hash: &BlobHash) -> Result<Option<Body>, BlobError> {
        match File::open(self.path(hash)) {
            Ok(file) => {
                let bytes = file.metadata()?.len();
                Ok(Some(Body { file, bytes }))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether there is a body of this hash.
    #[must_use]
    pub fn has(&self, hash: &BlobHash) -> bool {
        self.path(hash).exists()
    }
}

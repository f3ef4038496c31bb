//! Reading bodies: an open file with its length, or a range of bytes.
//!
//! An open body stays readable when it is removed meanwhile, so a download is never cut off by the sweep.

use super::second::Second;
use super::{BlobError, BlobHash, Blobs, SecondHash};
use crate::platform;
use std::fs::File;
use std::io::ErrorKind;

/// How much is read at once where a body is read through.
const PORTION_BYTES: usize = 256 * 1024;

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
        platform::read_exact_at(&self.file, &mut bytes, offset)?;
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

    /// Reads a body through for its second hash; none if there is no such body or no hash was asked for.
    pub fn second_of(&self, hash: &BlobHash, kind: SecondHash) -> Result<Option<[u8; 32]>, BlobError> {
        let (Some(body), Some(mut second)) = (self.get(hash)?, Second::new(kind)) else { return Ok(None) };
        let mut offset = 0;
        while offset < body.bytes {
            let portion = body.range(offset, PORTION_BYTES)?;
            offset += portion.len() as u64;
            second.update(&portion)?;
        }
        Ok(Some(second.finish()?))
    }

    /// Whether there is a body of this hash.
    #[must_use]
    pub fn has(&self, hash: &BlobHash) -> bool {
        self.path(hash).exists()
    }
}

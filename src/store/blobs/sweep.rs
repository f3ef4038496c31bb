//! Housekeeping: removing bodies that no row names, and proving that the others are what their names say.
//!
//! What is referenced is asked of the rows, never guessed from the file system. Young bodies stay in any case: their row may
//! be on its way.

use super::{BlobError, BlobHash, Blobs, parts};
use crate::disk;
use std::fs::{self, DirEntry, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Bodies and parts that were removed.
    pub removed: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bodies that stayed.
    pub kept: u64,
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Bodies that were read.
    pub bodies: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is wrong, in the order of the names.
    pub troubles: Vec<Trouble>,
}

/// Something wrong in the folder of bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The content is not what the name says.
    Altered(BlobHash),
    /// The file cannot be read.
    Unreadable(BlobHash, String),
    /// A file that does not belong here.
    Stranger(PathBuf),
}

impl Blobs {
    /// Removes a body, if it is there. Remove its row first.
    pub fn remove(&self, hash: &BlobHash) -> Result<(), BlobError> {
        let _gate = self.inner.gate();
        gone(disk::remove(&self.path(hash)))
    }

    /// Removes every body that is older than `older_than` and not `referenced`, and parts untouched for as long.
    ///
    /// Fails with `Busy` while a backup holds it off. `referenced` is asked while nothing can be stored, so it must not store bodies itself.
    pub fn sweep<X: From<BlobError>>(
        &self,
        older_than: Duration,
        mut referenced: impl FnMut(&BlobHash) -> Result<bool, X>,
    ) -> Result<Swept, X> {
        let mut swept = Swept::default();
        if self.sweep_is_held() {
            return Err(BlobError::Busy.into());
        }
        self.each_body(|hash, path| -> Result<(), X> {
            let Some(hash) = hash else { return Ok(()) };
            let _gate = self.inner.gate();
            if self.sweep_is_held() {
                return Err(BlobError::Busy.into());
            }
            let Some(found) = metadata(&path).map_err(X::from)? else { return Ok(()) };
            if !is_older(&found, older_than) || referenced(&hash)? {
                swept.kept += 1;
                return Ok(());
            }
            gone(disk::remove(&path)).map_err(X::from)?;
            swept.removed += 1;
            swept.bytes += found.len();
            Ok(())
        })?;
        self.sweep_parts(older_than, &mut swept).map_err(X::from)?;
        Ok(swept)
    }

    fn sweep_parts(&self, older_than: Duration, swept: &mut Swept) -> Result<(), BlobError> {
        for path in sorted(&self.inner.tmp)? {
            let Some(id) = parts::id_of(&path) else { continue };
            let busy = self.inner.busy();
            let old = metadata(&path)?.filter(|found| is_older(found, older_than) && !busy.contains(&id));
            if let Some(found) = old {
                gone(disk::remove(&path))?;
                swept.removed += 1;
                swept.bytes += found.len();
            }
        }
        Ok(())
    }

    /// Reads every body and compares its hash with its name.
    pub fn verify(&self) -> Result<Verified, BlobError> {
        let mut verified = Verified::default();
        self.each_body(|hash, path| -> Result<(), BlobError> {
            let Some(hash) = hash else {
                verified.troubles.push(Trouble::Stranger(path));
                return Ok(());
            };
            match hash_of(&path) {
                Ok((found, bytes)) => {
                    verified.bodies += 1;
                    verified.bytes += bytes;
                    if found != hash {
                        verified.troubles.push(Trouble::Altered(hash));
                    }
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => verified.troubles.push(Trouble::Unreadable(hash, error.to_string())),
            }
            Ok(())
        })?;
        Ok(verified)
    }

    /// Shows every file below the two levels of folders: its hash, or none if its place and name are not those of a body.
    pub(crate) fn each_body<X: From<BlobError>>(
        &self,
        mut each: impl FnMut(Option<BlobHash>, PathBuf) -> Result<(), X>,
    ) -> Result<(), X> {
        for first in sorted(&self.inner.dir).map_err(X::from)? {
            if first == self.inner.tmp || !first.is_dir() {
                continue;
            }
            for second in sorted(&first).map_err(X::from)? {
                for path in sorted(&second).map_err(X::from)? {
                    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                    let hash = name.parse::<BlobHash>().ok().filter(|hash| self.path(hash) == path);
                    each(hash, path)?;
                }
            }
        }
        Ok(())
    }
}

fn sorted(dir: &Path) -> Result<Vec<PathBuf>, BlobError> {
    let entries: io::Result<Vec<DirEntry>> = match fs::read_dir(dir) {
        Ok(entries) => entries.collect(),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut paths: Vec<PathBuf> = entries?.into_iter().map(|entry| entry.path()).collect();
    paths.sort_unstable();
    Ok(paths)
}

fn metadata(path: &Path) -> Result<Option<fs::Metadata>, BlobError> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A date in the future counts as young: it is safer to keep too much.
fn is_older(found: &fs::Metadata, than: Duration) -> bool {
    let age = found.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
    age.is_some_and(|age| age >= than)
}

fn gone(removed: io::Result<()>) -> Result<(), BlobError> {
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

pub(crate) fn hash_of(path: &Path) -> io::Result<(BlobHash, u64)> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok((BlobHash(*hasher.finalize().as_bytes()), hasher.count()))
}

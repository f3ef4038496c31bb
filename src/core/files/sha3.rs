//! The SHA3-256 of a body, for protocols that put it into the names of their files. Bodies that came in by other ways get theirs when
//! somebody first asks; it is kept once per body, as long as a file has that body.

use chatelaine_store::{Read, SecondHash};

use super::download;
use super::file::{Digest, File, Second};
use crate::caller::Caller;
use crate::error::{Error, Result, Thing};
use crate::ids::FileId;
use crate::schema::{FILE_BY_ID, FILES_BY_BLOB, SHA3_BY_BLOB};
use crate::{Core, Tx};

/// The hash of a file that the caller may see. Reads the body through if nobody asked before. Fails with `NotFound(File)`.
pub fn sha3(core: &Core, caller: &Caller, id: FileId) -> Result<[u8; 32]> {
    let file = download::get(core, caller, id)?;
    sha3_of(core, &file)
}

/// As [`sha3`], of a file that was looked up before.
pub fn sha3_of(core: &Core, file: &File) -> Result<[u8; 32]> {
    if let Some(known) = core.read(|view| known(view, file))? {
        return Ok(known);
    }
    let bytes = core.blobs().second_of(&file.blob, SecondHash::Sha3)?.ok_or(Error::NotFound(Thing::File))?;
    let (blob, digest) = (file.blob, Digest { kind: Second::Sha3_256, bytes });
    core.write(&Caller::system(), move |tx| {
        // Nobody would take the row away when the last file of this body went meanwhile.
        if FILES_BY_BLOB.first(tx, &blob)?.is_some() {
            SHA3_BY_BLOB.put(tx, &blob, &digest)?;
        }
        Ok(())
    })?;
    Ok(bytes)
}

/// Passes when the file is known to have this hash. Fails with `NotFound(File)`, also when nobody ever asked for it.
pub fn require_sha3(core: &Core, id: FileId, sha3: &[u8; 32]) -> Result<()> {
    let found = core.read(|view| match FILE_BY_ID.get(view, &id)? {
        Some(file) => known(view, &file),
        None => Ok(None),
    })?;
    if found.as_ref() == Some(sha3) { Ok(()) } else { Err(Error::NotFound(Thing::File)) }
}

fn known(r: &impl Read, file: &File) -> Result<Option<[u8; 32]>> {
    if let Some(digest) = file.digest.filter(|digest| digest.kind == Second::Sha3_256) {
        return Ok(Some(digest.bytes));
    }
    Ok(SHA3_BY_BLOB.get(r, &file.blob)?.map(|digest| digest.bytes))
}

/// Forgets the hash of a body that no file has any more.
pub(super) fn forget(tx: &mut Tx<'_>, file: &File) -> Result<()> {
    if FILES_BY_BLOB.first(tx, &file.blob)?.is_none() {
        SHA3_BY_BLOB.remove(tx, &file.blob)?;
    }
    Ok(())
}

//! Handing files out: opening, looking up, listing one's own, deleting.
//!
//! Whoever may not see a file hears `NotFound`, like for one that never was. A body stays readable while it is being read,
//! also when its file is deleted meanwhile.
use std::path::PathBuf;

use chatelaine_store::Order;

use super::file::{self, File};
use super::kind::{self, Disposition};
use super::record;
use crate::caller::Caller;
use crate::error::{Error, Result, Thing};
use crate::ids::FileId;
use crate::page::{Ask, Page};
use crate::{Core, schema};

/// A file that may be read by who asked.
#[derive(Clone, Debug)]
pub struct OpenFile {
    /// What it is.
    pub file: File,
    /// Where its body lies.
    pub path: PathBuf,
    /// How a browser may treat it.
    pub disposition: Disposition,
    /// A tag that changes when the body does, without quotes.
    pub etag: String,
}

/// Opens a file for reading. Fails with `NotFound(File)`, also for files that the caller may not see.
pub fn open(core: &Core, caller: &Caller, id: FileId) -> Result<OpenFile> {
    let file = get(core, caller, id)?;
    let path = core.blobs().path(&file.blob);
    let disposition = kind::disposition(&file.media_type, file.pixels);
    let etag = file.blob.to_string();
    Ok(OpenFile { file, path, disposition, etag })
}

/// What a file is. Fails with `NotFound(File)`, also for files that the caller may not see.
pub fn get(core: &Core, caller: &Caller, id: FileId) -> Result<File> {
    let account = caller.require_account()?;
    core.read(|view| file::require(view, account, id))
}

/// Deletes one of the caller's own files. Fails with `NotFound(File)` for everybody else's.
pub fn delete(core: &Core, caller: &Caller, id: FileId) -> Result<()> {
    let account = caller.require_account()?;
    core.write(caller, move |tx| {
        let file = schema::FILE_BY_ID.get(tx, &id)?.filter(|file| file.owner == account);
        record::remove(tx, &file.ok_or(Error::NotFound(Thing::File))?)
    })
}

/// The caller's own files, newest first.
pub fn list_mine(core: &Core, caller: &Caller, ask: Ask<FileId>) -> Result<Page<File, FileId>> {
    let account = caller.require_account()?;
    core.read(|view| {
        let after = ask.after.map(|id| (account, id));
        let limit = ask.items().saturating_add(1);
        let keys = schema::FILES_BY_ACCOUNT.keys(view, &account, after.as_ref(), Order::Descending, limit)?;
        let page = Page::of(keys, ask.items(), |(_, id)| *id);
        let mut items = Vec::with_capacity(page.items.len());
        for (_, id) in page.items {
            // One that was deleted between the two reads is simply not there any more.
            items.extend(schema::FILE_BY_ID.get(view, &id)?);
        }
        Ok(Page { items, next: page.next })
    })
}

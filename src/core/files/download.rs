//! Handing files out: opening, looking up, listing one's own, deleting.
//!
//! Whoever may not see a file hears `NotFound`, like for one that never was. A body stays readable while it is being read,
//! also when its file is deleted meanwhile.
use std::path::PathBuf;

use chatelaine_store::{Body, Order};

use super::file::{self, File};
use super::kind::{self, Disposition};
use super::record;
use crate::caller::Caller;
use crate::error::{Error, Reason, Result, Thing};
use crate::ids::{AccountId, FileId, RoomId};
use crate::machines::evidence;
use crate::page::{Ask, Page};
use crate::{Core, accounts, schema};

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
    Ok(opened(core, get(core, caller, id)?))
}

fn opened(core: &Core, file: File) -> OpenFile {
    let path = core.blobs().path(&file.blob);
    let disposition = kind::disposition(&file.media_type, file.pixels);
    let etag = file.blob.to_string();
    OpenFile { file, path, disposition, etag }
}

/// Opens the picture that an account shows of itself, which anybody may see; none when it has none, or none of its own.
/// Fails with `NotFound(Account)`.
pub fn open_face(core: &Core, account: AccountId) -> Result<Option<OpenFile>> {
    let file = core.read(|view| -> Result<Option<File>> {
        let Some(id) = accounts::get(view, account)?.avatar else { return Ok(None) };
        Ok(schema::FILE_BY_ID.get(view, &id)?.filter(|file| file.owner == account))
    })?;
    Ok(file.map(|file| opened(core, file)))
}

/// A file that is read piece by piece.
pub struct Reading {
    body: Body,
    at: u64,
}

/// Begins to read a file. Fails with `NotFound(File)`, also for files that the caller may not see.
pub fn read(core: &Core, caller: &Caller, id: FileId) -> Result<Reading> {
    let file = get(core, caller, id)?;
    let body = core.blobs().get(&file.blob)?.ok_or(Error::NotFound(Thing::File))?;
    Ok(Reading { body, at: 0 })
}

impl Reading {
    /// The next bytes, at most so many; none at the end.
    pub fn next(&mut self, most: usize) -> Result<Vec<u8>> {
        let bytes = self.body.range(self.at, most)?;
        self.at = self.at.saturating_add(bytes.len() as u64);
        Ok(bytes)
    }
}

/// What a file is. Fails with `NotFound(File)`, also for files that the caller may not see.
pub fn get(core: &Core, caller: &Caller, id: FileId) -> Result<File> {
    let account = caller.require_account()?;
    core.read(|view| file::require(view, account, id))
}

/// What a file is that the caller may show in a room: one of his own, in no other room. None for all others.
pub fn showable(core: &Core, caller: &Caller, room: RoomId, id: FileId) -> Result<Option<File>> {
    let account = caller.require_account()?;
    let may = |file: &File| file.owner == account && file.room.is_none_or(|bound| bound == room);
    Ok(core.read(|view| schema::FILE_BY_ID.get(view, &id))?.filter(may))
}

/// What a file is that a message shows, for whoever got that message; none when it is gone.
pub fn shown(core: &Core, id: FileId) -> Result<Option<File>> {
    Ok(core.read(|view| schema::FILE_BY_ID.get(view, &id))?)
}

/// Deletes one of the caller's own files. Fails with `NotFound(File)` for everybody else's, and with `Refused(InUse)` while a
/// mark holds it.
pub fn delete(core: &Core, caller: &Caller, id: FileId) -> Result<()> {
    let account = caller.require_account()?;
    core.write(caller, move |tx| {
        let file = schema::FILE_BY_ID.get(tx, &id)?.filter(|file| file.owner == account);
        let file = file.ok_or(Error::NotFound(Thing::File))?;
        if evidence::holds(tx, id)? {
            return Err(Error::Refused(Reason::InUse));
        }
        record::remove(tx, &file)
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

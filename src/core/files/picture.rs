//! Files as pictures of people and rooms, for protocols that show any file of one's own and let the former picture go.

use super::file::{File, Purpose};
use super::record;
use crate::Tx;
use crate::error::Result;
use crate::ids::{AccountId, FileId};
use crate::machines::evidence;
use crate::schema::{FILE_BY_ID, MESSAGES_BY_FILE};

/// Lets everybody see a file of one's own; says whether it is one.
pub(crate) fn show_to_all(tx: &mut Tx<'_>, owner: AccountId, id: FileId) -> Result<bool> {
    let Some(file) = FILE_BY_ID.get(tx, &id)?.filter(|file| file.owner == owner) else { return Ok(false) };
    if file.purpose != Purpose::Avatar {
        FILE_BY_ID.put(tx, &id, &File { purpose: Purpose::Avatar, ..file })?;
    }
    Ok(true)
}

/// Removes a picture that is shown no more, if it is the owner's own, no message shows it and no mark holds it.
pub(crate) fn drop_former(tx: &mut Tx<'_>, owner: AccountId, id: FileId) -> Result<()> {
    let own = |file: &File| file.owner == owner && file.purpose == Purpose::Avatar;
    let Some(file) = FILE_BY_ID.get(tx, &id)?.filter(own) else { return Ok(()) };
    if MESSAGES_BY_FILE.first(tx, &id)?.is_some() || evidence::holds(tx, id)? {
        return Ok(());
    }
    record::remove(tx, &file)
}

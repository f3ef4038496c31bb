//! Pictures of people and sessions by the keys of files (ourchat sections 8.3 and 8.5): a key of one's own file is that file, any
//! other is kept and given back as it came.

use chatelaine_core::accounts::PictureKey;
use chatelaine_core::ids::FileId;
use chatelaine_core::{Caller, Core, files};

use crate::files::key_of;
use crate::ids;
use crate::wire::Fault;

/// What a client names by a key.
pub(crate) fn named(core: &Core, key: String) -> Result<PictureKey, Fault> {
    let file = ids::file(core.keys(), &key).ok();
    let file = file.filter(|(file, sha3)| files::require_sha3(core, *file, sha3).is_ok());
    PictureKey::new(key, file.map(|(file, _)| file)).map_err(|_| Fault::RequestValue)
}

/// The key of a picture, or what is kept in place of one; blank when there is none, or none any more.
pub(crate) fn key(core: &Core, caller: &Caller, picture: Option<FileId>, kept: Option<String>) -> String {
    let Some(picture) = picture else { return kept.unwrap_or_default() };
    files::get(core, caller, picture).and_then(|file| key_of(core, &file)).unwrap_or_default()
}

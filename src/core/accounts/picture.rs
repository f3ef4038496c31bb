//! Pictures as protocols name them that call a file by a key and never look whether there is one. A file of one's own becomes a
//! picture that everybody may see, and takes the place of the former one; any other key is kept as it came and given back.

use chatelaine_store::{Key, Read, Tree};

use crate::Tx;
use crate::error::{Error, Field, Flaw, Result};
use crate::files;
use crate::ids::{AccountId, FileId};
use crate::limits::PICTURE_KEY_BYTES_MAX;
use crate::schema::PICTURE_KEY_BY_ACCOUNT;

/// A picture by the key of a protocol.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PictureKey {
    key: String,
    file: Option<FileId>,
}

impl PictureKey {
    /// Takes a key in, and the file that it names if it names one here. A blank key is no picture.
    /// Fails with `Invalid(FileName, TooLong)`.
    pub fn new(key: String, file: Option<FileId>) -> Result<Self> {
        if key.len() > PICTURE_KEY_BYTES_MAX {
            return Err(Error::Invalid(Field::FileName, Flaw::TooLong));
        }
        Ok(Self { key, file })
    }
}

/// What is shown by a key: a file, or nothing but the key itself.
pub(crate) struct Shown {
    /// The file that is the picture from now on.
    pub(crate) file: Option<FileId>,
    /// The key to be kept instead.
    pub(crate) key: Option<String>,
}

/// Shows what somebody named in place of `former`, which goes if it is his own.
pub(crate) fn show(tx: &mut Tx<'_>, by: AccountId, former: Option<FileId>, picture: &PictureKey) -> Result<Shown> {
    let file = match picture.file {
        Some(file) if files::show_to_all(tx, by, file)? => Some(file),
        _ => None,
    };
    if let Some(former) = former.filter(|former| Some(*former) != file) {
        files::drop_former(tx, by, former)?;
    }
    let key = Some(&picture.key).filter(|key| file.is_none() && !key.is_empty());
    Ok(Shown { file, key: key.cloned() })
}

/// The key that an account has in place of a picture.
pub fn picture_key(r: &impl Read, account: AccountId) -> Result<Option<String>> {
    Ok(PICTURE_KEY_BY_ACCOUNT.get(r, &account)?)
}

/// Keeps or forgets the key that somebody or something has in place of a picture; says whether it is another one now.
pub(crate) fn keep_key<K: Key>(
    tx: &mut Tx<'_>,
    keys: &Tree<K, String>,
    whose: &K,
    key: Option<&String>,
) -> Result<bool> {
    let is_other = keys.get(tx, whose)?.as_ref() != key;
    match key {
        Some(key) => keys.put(tx, whose, key)?,
        None if is_other => keys.remove(tx, whose)?,
        None => {}
    }
    Ok(is_other)
}

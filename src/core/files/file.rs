//! What a file is: a name and an owner over a body of bytes. Bodies are known by their hash and shared; files never are.
//!
//! Whoever may see a file is decided here and nowhere else: its owner, the members of its room, whom a mark shows it to, and
//! anybody signed in when it is an avatar. For everyone else it does not exist.
use chatelaine_store::{BlobHash, Read, Row};
use serde::{Deserialize, Serialize};

use super::kind::Pixels;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Result, Thing};
use crate::ids::{AccountId, FileId, RoomId, UploadId};
use crate::limits::FILE_NAME_BYTES_MAX;
use crate::machines::evidence;
use crate::schema;

/// A stored file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its number.
    pub id: FileId,
    /// The name of its body.
    pub blob: BlobHash,
    /// A second hash of the body, when the uploader's protocol asked for one.
    pub digest: Option<Digest>,
    /// Length of the body in bytes.
    pub size: u64,
    /// What the uploader called it.
    pub name: FileName,
    /// The type as [`super::kind::decide`] settled it.
    pub media_type: String,
    /// Width and height, for pictures of bearable size.
    pub pixels: Option<Pixels>,
    /// Who uploaded it and whose quota it counts against.
    pub owner: AccountId,
    /// The room whose members may read it.
    pub room: Option<RoomId>,
    /// What it is for.
    pub purpose: Purpose,
    /// When it was complete.
    pub created_at: Stamp,
}

impl Row for File {}

/// What a file is for, which decides who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Something to keep or to send into a room.
    Plain,
    /// A picture of a person or a room: anybody signed in may see it.
    Avatar,
}

/// A hash that a protocol wants beside our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Second {
    /// SHA-256.
    Sha256,
    /// SHA3-256.
    Sha3_256,
}

/// The value of a second hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Which hash it is.
    pub kind: Second,
    /// Its 32 bytes.
    pub bytes: [u8; 32],
}

impl Row for Digest {}

/// What somebody wants to upload.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// What to call it.
    pub name: FileName,
    /// Its length, if known beforehand; a body of another length is refused then.
    pub size: Option<u64>,
    /// The room whose members shall read it.
    pub room: Option<RoomId>,
    /// What it is for.
    pub purpose: Purpose,
    /// The media type that the sender believes in.
    pub declared: Option<String>,
    /// The second hash to compute.
    pub second: Option<Second>,
}

/// A file name that cannot leave its folder nor lie about its ending: 1 to 255 bytes, no separators, no control
/// characters, no marks that turn the direction of writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileName(String);

impl FileName {
    /// Checks a name. Fails with `Invalid(FileName, _)`.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        let invalid = |flaw| Err(Error::Invalid(Field::FileName, flaw));
        if text.is_empty() {
            return invalid(Flaw::Empty);
        }
        if text.len() > FILE_NAME_BYTES_MAX {
            return invalid(Flaw::TooLong);
        }
        if matches!(text, "." | "..") || text.chars().any(is_banned) {
            return invalid(Flaw::Malformed);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_banned(letter: char) -> bool {
    let turns_direction = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || turns_direction || matches!(letter, '/' | '\\')
}

/// What an account keeps, against its quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Bytes of complete files; equal bodies count once per file.
    pub bytes: u64,
    /// Bytes promised to uploads in pieces that are under way.
    pub reserved: u64,
    /// How many files.
    pub count: u64,
}

impl Row for Used {}

/// An upload in pieces that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Its number.
    pub id: UploadId,
    /// Who uploads.
    pub owner: AccountId,
    /// What the file will be called.
    pub name: FileName,
    /// How long it will be.
    pub size: u64,
    /// How much of it is safe on disk; the next piece begins here.
    pub received: u64,
    /// The room whose members shall read it.
    pub room: Option<RoomId>,
    /// What it is for.
    pub purpose: Purpose,
    /// The media type that the sender believes in.
    pub declared: Option<String>,
    /// The second hash to compute.
    pub second: Option<Second>,
    /// When it began.
    pub created_at: Stamp,
    /// When it is given up unless another piece arrives.
    pub expires_at: Stamp,
}

impl Row for Upload {}

/// The file, if this account may see it; `NotFound(File)` whether it is missing or hidden, so numbers tell nothing.
pub fn require(r: &impl Read, account: AccountId, id: FileId) -> Result<File> {
    let file = schema::FILE_BY_ID.get(r, &id)?.ok_or(Error::NotFound(Thing::File))?;
    if may_see(r, account, &file)? { Ok(file) } else { Err(Error::NotFound(Thing::File)) }
}

fn may_see(r: &impl Read, account: AccountId, file: &File) -> Result<bool> {
    if file.owner == account || file.purpose == Purpose::Avatar {
        return Ok(true);
    }
    match file.room {
        Some(room) if schema::ROOMS_BY_ACCOUNT.has(r, &(account, room))? => Ok(true),
        Some(_) | None => evidence::shows(r, account, file.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_name_is_kept_and_trimmed() {
        assert_eq!(FileName::new(" holiday 1.jpg ").unwrap().as_str(), "holiday 1.jpg");
        assert_eq!(FileName::new("\u{5047}\u{671f}.png").unwrap().as_str(), "\u{5047}\u{671f}.png");
        assert!(FileName::new(&"x".repeat(FILE_NAME_BYTES_MAX)).is_ok());
    }

    #[test]
    fn a_name_that_leads_elsewhere_or_lies_is_refused() {
        for name in ["a/b", "..", ".", "a\\b", "a\0b", "line\nbreak", "exe\u{202e}gpj.scr"] {
            assert_eq!(FileName::new(name), Err(Error::Invalid(Field::FileName, Flaw::Malformed)), "{name:?}");
        }
        assert_eq!(FileName::new("  "), Err(Error::Invalid(Field::FileName, Flaw::Empty)));
        let long = "x".repeat(FILE_NAME_BYTES_MAX + 1);
        assert_eq!(FileName::new(&long), Err(Error::Invalid(Field::FileName, Flaw::TooLong)));
    }
}

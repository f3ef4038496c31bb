//! **The** table between our numbers and theirs, both ways, pure. A session id is the number of a room, a user id that of an
//! account, a message id that of an event; all stay below 2^53, so that clients in JavaScript lose no digit. A number from
//! the network that could never have been allotted is "not found", like one that was not.

use chatelaine_core::error::{Error, Limit, Thing};
use chatelaine_core::ids::{AccountId, CallId, EventId, FileId, MessageId, RoleId, RoomId, ServerRoleId, UploadId};
use chatelaine_core::limits::ROOM_FIRST_MEMBERS_MAX;
use chatelaine_core::secrets::Keys;
use chatelaine_core::veil::{VEILED_CHARS, Veiled, unveil, veil};

/// The account of a user id. Fails with `NotFound(Account)`.
pub(crate) fn account(user: u64) -> Result<AccountId, Error> {
    AccountId::parse(user).map_err(|_| Error::NotFound(Thing::Account))
}

/// The room of a session id. Fails with `NotFound(Room)`.
pub(crate) fn room(session: u64) -> Result<RoomId, Error> {
    RoomId::parse(session).map_err(|_| Error::NotFound(Thing::Room))
}

/// The role of a role id. Fails with `NotFound(Role)`.
pub(crate) fn role(role: u64) -> Result<RoleId, Error> {
    RoleId::parse(role).map_err(|_| Error::NotFound(Thing::Role))
}

/// The message of an event id. Fails with `NotFound(Message)`.
pub(crate) fn message(msg: u64) -> Result<MessageId, Error> {
    MessageId::parse(msg).map_err(|_| Error::NotFound(Thing::Message))
}

/// The call of a room id. Fails with `NotFound(Call)`.
pub(crate) fn call(room: u64) -> Result<CallId, Error> {
    CallId::parse(room).map_err(|_| Error::NotFound(Thing::Call))
}

/// The numbers that no account, room or role has, for calls that ask other things first. Not 0: keys of restrictions mean
/// everybody by it.
const NEVER: u64 = u64::MAX;

/// The account of a user id, or nobody.
pub(crate) fn account_or_nobody(user: u64) -> AccountId {
    AccountId::parse(user).unwrap_or(AccountId::new(NEVER))
}

/// The room of a session id, or one that is not there.
pub(crate) fn room_or_none(session: u64) -> RoomId {
    RoomId::parse(session).unwrap_or(RoomId::new(NEVER))
}

/// The role of a role id, or one that is not there.
pub(crate) fn role_or_none(role: u64) -> RoleId {
    RoleId::parse(role).unwrap_or(RoleId::new(NEVER))
}

/// The role on the server of a role id, or one that is not there.
pub(crate) fn server_role_or_none(role: u64) -> ServerRoleId {
    ServerRoleId::parse(role).unwrap_or(ServerRoleId::new(NEVER))
}

/// The accounts of user ids, and apart from them the numbers that no account can have, each once. Fails with
/// `OverLimit(Members)` for more of these than a session may begin with: core counts the others.
pub(crate) fn accounts(users: &[u64]) -> Result<(Vec<AccountId>, Vec<u64>), Error> {
    let mut unknown: Vec<u64> = users.iter().copied().filter(|user| AccountId::parse(*user).is_err()).collect();
    unknown.sort_unstable();
    unknown.dedup();
    if unknown.len() > ROOM_FIRST_MEMBERS_MAX {
        return Err(Error::OverLimit(Limit::Members));
    }
    Ok((users.iter().filter_map(|user| AccountId::parse(*user).ok()).collect(), unknown))
}

/// The key of a file: twenty letters and digits made of its number, then its SHA3-256 in hex.
pub(crate) fn file_key(keys: &Keys, file: FileId, sha3: &[u8; 32]) -> String {
    let mut key = veil(keys, Veiled::File, file.get());
    for byte in sha3 {
        key.push_str(&format!("{byte:02x}"));
    }
    key
}

/// The file of a key, and the hash that it must have. Fails with `NotFound(File)` for keys that this server never gave out.
pub(crate) fn file(keys: &Keys, key: &str) -> Result<(FileId, [u8; 32]), Error> {
    let found = key.split_at_checked(VEILED_CHARS).and_then(|(name, hash)| {
        let file = FileId::parse(unveil(keys, Veiled::File, name)?).ok()?;
        Some((file, digest(hash)?))
    });
    found.ok_or(Error::NotFound(Thing::File))
}

/// 64 lower-case hex digits.
fn digest(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
    let mut bytes = [0; 32];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    }
    Some(bytes)
}

/// The handle of an upload: `upload_<user id>_<32 letters and digits>`, made of its number and its owner's.
pub(crate) fn upload_id(keys: &Keys, owner: AccountId, upload: UploadId) -> String {
    let (name, proof) = (veil(keys, Veiled::Upload, upload.get()), veil(keys, Veiled::UploadOwner, owner.get()));
    let proof = proof.get(..UPLOAD_PROOF_CHARS).unwrap_or_default();
    format!("upload_{owner}_{name}{proof}")
}

/// The upload of a handle. Fails with `NotFound(Upload)` for handles that this server never gave out.
pub(crate) fn upload(keys: &Keys, handle: &str) -> Result<UploadId, Error> {
    let found = handle.strip_prefix("upload_").and_then(|rest| rest.split_once('_')).and_then(|(owner, name)| {
        let owner = AccountId::parse(owner.parse().ok()?).ok()?;
        let upload = UploadId::parse(unveil(keys, Veiled::Upload, name.get(..VEILED_CHARS)?)?).ok()?;
        (upload_id(keys, owner, upload) == handle).then_some(upload)
    });
    found.ok_or(Error::NotFound(Thing::Upload))
}

/// What an upload's handle has beside its number, to be as long as the protocol says.
const UPLOAD_PROOF_CHARS: usize = 12;

/// What an event is called on the wire; a message is called like the event that sent it.
pub(crate) const fn msg_id(event: EventId) -> u64 {
    event.get()
}

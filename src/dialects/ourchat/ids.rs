//! **The** table between our numbers and theirs, both ways, pure. A session id is the number of a room, a user id that of an
//! account, a message id that of an event; all stay below 2^53, so that clients in JavaScript lose no digit. A number from
//! the network that could never have been allotted is "not found", like one that was not.

use chatelaine_core::error::{Error, Thing};
use chatelaine_core::ids::{AccountId, EventId, FileId, MessageId, RoleId, RoomId};

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

/// The numbers that no account, room or role has, for calls that ask other things first. Not 0: keys of restrictions mean
/// everybody by it.
const NEVER: u64 = u64::MAX;

/// A file that is not there.
pub(crate) const NO_FILE: FileId = FileId::new(NEVER);

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

/// The accounts of user ids, and apart from them the numbers that no account can have, each once.
pub(crate) fn accounts(users: &[u64]) -> (Vec<AccountId>, Vec<u64>) {
    let mut unknown: Vec<u64> = users.iter().copied().filter(|user| AccountId::parse(*user).is_err()).collect();
    unknown.sort_unstable();
    unknown.dedup();
    (users.iter().filter_map(|user| AccountId::parse(*user).ok()).collect(), unknown)
}

/// What an event is called on the wire; a message is called like the event that sent it.
pub(crate) const fn msg_id(event: EventId) -> u64 {
    event.get()
}

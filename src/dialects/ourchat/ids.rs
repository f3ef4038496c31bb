//! **The** table between our numbers and theirs, both ways, pure. A session id is the number of a room, a user id that of an
//! account, a message id that of an event; all stay below 2^53, so that clients in JavaScript lose no digit. A number from
//! the network that could never have been allotted is "not found", like one that was not.

use chatelaine_core::error::{Error, Thing};
use chatelaine_core::ids::{AccountId, EventId, MessageId, RoleId, RoomId};

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

/// The account of a user id for calls that ask other things first: a number that nobody can have becomes the one that nobody has.
pub(crate) fn account_or_nobody(user: u64) -> AccountId {
    AccountId::parse(user).unwrap_or(AccountId::new(0))
}

/// What an event is called on the wire; a message is called like the event that sent it.
pub(crate) const fn msg_id(event: EventId) -> u64 {
    event.get()
}

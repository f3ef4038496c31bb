//! What a room asks about two people: whether they are friends, and whether one has blocked the other.

use chatelaine_store::Read;

use crate::accounts;
use crate::error::{Error, Reason, Result};
use crate::ids::AccountId;
use crate::schema::{BLOCK_BY_PAIR, FRIEND_BY_PAIR};

/// Whether the two are friends.
pub(crate) fn are_friends(r: &impl Read, one: AccountId, other: AccountId) -> Result<bool> {
    Ok(FRIEND_BY_PAIR.has(r, &(one, other))?)
}

/// Whether the first has blocked the second.
pub(crate) fn is_blocked(r: &impl Read, by: AccountId, whom: AccountId) -> Result<bool> {
    Ok(BLOCK_BY_PAIR.has(r, &(by, whom))?)
}

/// Whether one of the two has blocked the other.
pub(crate) fn is_blocked_between(r: &impl Read, one: AccountId, other: AccountId) -> Result<bool> {
    Ok(is_blocked(r, one, other)? || is_blocked(r, other, one)?)
}

/// Fails with `NotFound(Account)`, `Refused(AccountClosed)` or `Refused(Blocked)`.
pub(crate) fn require_reachable(r: &impl Read, from: AccountId, to: AccountId) -> Result<()> {
    if accounts::get(r, to)?.is_closed() {
        return Err(Error::Refused(Reason::AccountClosed));
    }
    if is_blocked_between(r, from, to)? {
        return Err(Error::Refused(Reason::Blocked));
    }
    Ok(())
}

//! What a room asks about two people before it brings them together: whether the other one is there and neither has
//! blocked the other. The blocks themselves live in `friends`; nothing is stored here.

use chatelaine_store::Read;

use crate::accounts;
use crate::error::{Error, Reason, Result};
use crate::friends::is_blocked;
use crate::ids::AccountId;

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

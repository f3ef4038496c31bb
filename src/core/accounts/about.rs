//! All that an account's owner or somebody else may be told of it in one look, and the number of a handle.

use super::account::{self, Email};
use super::profile::{PublicAccount, public_view};
use crate::Core;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Result, Thing};
use crate::friends;
use crate::ids::{AccountId, RoomId};
use crate::rooms;

/// What the caller may be told of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct About {
    /// What everybody may be told.
    pub account: PublicAccount,
    /// What only its owner is told; there when the caller is that.
    pub own: Option<Own>,
}

/// What only the owner of an account is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Own {
    /// The e-mail address.
    pub email: Option<Email>,
    /// When anything last changed, friends and rooms included.
    pub updated_at: Stamp,
    /// Every room.
    pub rooms: Vec<RoomId>,
    /// Every friend.
    pub friends: Vec<AccountId>,
}

/// Tells of an account, or of the caller when none is named. Fails with `NotFound(Account)`.
pub fn about(core: &Core, caller: &Caller, id: Option<AccountId>) -> Result<About> {
    let me = caller.require_account()?;
    let (id, now) = (id.unwrap_or(me), core.now());
    core.read(|view| {
        let row = account::get(view, id)?;
        let mut own = None;
        if id == me {
            own = Some(Own {
                email: row.email.clone(),
                updated_at: row.updated_at,
                rooms: rooms::members::rooms_of(view, me)?,
                friends: friends::ids_of(view, me)?,
            });
        }
        Ok(About { account: public_view(view, me, row, now)?, own })
    })
}

/// The number of the account with this handle; anybody may ask. Fails with `NotFound(Account)`.
pub fn id_of_handle(core: &Core, handle: &str) -> Result<AccountId> {
    let missing = Error::NotFound(Thing::Account);
    // An address is no handle, and must not be told apart from none.
    if handle.contains('@') {
        return Err(missing);
    }
    core.read(|view| account::find_by_name(view, handle))?.map(|account| account.id).ok_or(missing)
}

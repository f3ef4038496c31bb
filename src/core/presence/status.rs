//! What may be known of whom, and how connections and calls show on the board.
//!
//! Presence is shown to accounts that share a room or a friendship; for everybody else it does not exist.
use chatelaine_store::{Order, Read};

use super::board::Standing;
use crate::Core;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Result, Thing};
use crate::event::Presence;
use crate::friends;
use crate::ids::{AccountId, RoomId};
use crate::limits::{PAGE_ITEMS_MAX, PRESENCE_ROOMS_TOLD_MAX};
use crate::page::Done;
use crate::schema;

/// What others may know of somebody's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Here, away or gone.
    pub state: Presence,
    /// The last sign of life, to the minute; none while somebody is here or hides.
    pub last_seen_at: Option<Stamp>,
}

/// Whether an account lets others see its presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Others see it.
    Shown,
    /// To others the account is always offline.
    Hidden,
}

/// One live connection of an account. Dropping it takes the connection off the board.
pub struct Line {
    core: Core,
    account: AccountId,
    number: u64,
}

impl Line {
    /// Says whether the person looks.
    pub fn set(&self, standing: Standing) {
        self.core.board().stand(self.account, self.number, standing, self.core.now());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.core.board().leave(self.account, self.number, self.core.now());
    }
}

/// Puts a connection on the board; touches memory only. Others hear of it at the next tick.
pub fn connect(core: &Core, account: AccountId) -> Line {
    let number = core.board().arrive(account, core.now());
    Line { core: core.clone(), account, number }
}

/// Notes a call by somebody whose protocol has no lasting connection: it counts as being here for a while.
pub fn touch(core: &Core, account: AccountId) {
    core.board().touch(account, core.now());
}

/// How present an account is, from memory, without asking who wants to know: for views of people the caller may see.
pub fn state_of(core: &Core, account: AccountId) -> Presence {
    core.board().state(account, core.now())
}

/// The presence of one account; none if the caller shares neither room nor friendship with it.
pub fn look(core: &Core, caller: &Caller, account: AccountId) -> Result<Option<Seen>> {
    let viewer = caller.require_account()?;
    core.read(|view| if is_near(view, viewer, account)? { Ok(Some(seen(core, view, account)?)) } else { Ok(None) })
}

/// The presence of members of a room that the caller is in, at most a page of them; others are left out.
pub fn look_in_room(
    core: &Core,
    caller: &Caller,
    room: RoomId,
    accounts: &[AccountId],
) -> Result<Vec<(AccountId, Seen)>> {
    let viewer = caller.require_account()?;
    core.read(|view| {
        if !schema::ROOMS_BY_ACCOUNT.has(view, &(viewer, room))? {
            return Err(Error::NotFound(Thing::Room));
        }
        let mut found = Vec::new();
        for account in accounts.iter().take(PAGE_ITEMS_MAX) {
            if schema::ROOMS_BY_ACCOUNT.has(view, &(*account, room))? {
                found.push((*account, seen(core, view, *account)?));
            }
        }
        Ok(found)
    })
}

/// Whether the caller lets others see its presence.
pub fn visibility(core: &Core, caller: &Caller) -> Result<Visibility> {
    let account = caller.require_account()?;
    let is_hidden = core.read(|view| schema::PRESENCE_HIDDEN.has(view, &account))?;
    Ok(if is_hidden { Visibility::Hidden } else { Visibility::Shown })
}

/// Hides the caller from others or shows it again; others hear of it at the next tick.
pub fn hide(core: &Core, caller: &Caller, wish: Visibility) -> Result<Done> {
    let account = caller.require_account()?;
    let is_hidden = wish == Visibility::Hidden;
    let done = core.write(caller, move |tx| {
        if schema::PRESENCE_HIDDEN.has(tx, &account)? == is_hidden {
            return Ok(Done::AlreadySo);
        }
        if is_hidden {
            schema::PRESENCE_HIDDEN.put(tx, &account, &())?;
            schema::LAST_SEEN_BY_ACCOUNT.remove(tx, &account)?;
        } else {
            schema::PRESENCE_HIDDEN.remove(tx, &account)?;
        }
        Ok(Done::Done)
    })?;
    core.board().set_hidden(account, is_hidden);
    Ok(done)
}

fn seen(core: &Core, view: &impl Read, account: AccountId) -> Result<Seen> {
    let state = core.board().state(account, core.now());
    let may_tell = state == Presence::Offline && !schema::PRESENCE_HIDDEN.has(view, &account)?;
    let last_seen_at = if may_tell { schema::LAST_SEEN_BY_ACCOUNT.get(view, &account)? } else { None };
    Ok(Seen { state, last_seen_at })
}

/// The last sign of life of an account, now for somebody who is here; none for one who hides or never gave any.
pub(crate) fn last_sign(core: &Core, r: &impl Read, account: AccountId) -> Result<Option<Stamp>> {
    if schema::PRESENCE_HIDDEN.has(r, &account)? {
        return Ok(None);
    }
    match core.board().seen_at(account, core.now()) {
        Some(at) => Ok(Some(at)),
        None => Ok(schema::LAST_SEEN_BY_ACCOUNT.get(r, &account)?),
    }
}

/// Whether two accounts are friends, share a room or are the same. Bounded, for pages ask it of each of their people: of two
/// who are in very many rooms, a common one among the later rooms may go unseen, as it would for the telling.
fn is_near(view: &impl Read, viewer: AccountId, account: AccountId) -> Result<bool> {
    if viewer == account || friends::are_friends(view, viewer, account)? {
        return Ok(true);
    }
    let pair = (viewer.min(account), viewer.max(account));
    if let Some(room) = schema::PRIVATE_ROOM_BY_PAIR.get(view, &pair)?
        && shares(view, &[viewer, account], room)?
    {
        return Ok(true);
    }
    for (one, other) in [(viewer, account), (account, viewer)] {
        let rooms = schema::ROOMS_BY_ACCOUNT.keys(view, &one, None, Order::Ascending, PRESENCE_ROOMS_TOLD_MAX)?;
        for (_, room) in &rooms {
            if shares(view, &[other], *room)? {
                return Ok(true);
            }
        }
        if rooms.len() < PRESENCE_ROOMS_TOLD_MAX {
            // These were all the rooms of one of them.
            return Ok(false);
        }
    }
    Ok(false)
}

fn shares(view: &impl Read, accounts: &[AccountId], room: RoomId) -> Result<bool> {
    for account in accounts {
        if !schema::ROOMS_BY_ACCOUNT.has(view, &(*account, room))? {
            return Ok(false);
        }
    }
    Ok(true)
}

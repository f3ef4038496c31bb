//! Removing an account with all that hangs on it: rooms, messages, friendships, files, machines, names. It is closed first, so
//! that from then on nobody acts as it; everything else goes in bounded commands, because one that removes a year of messages
//! would hold the only writer. An account that is half gone after a stop is on a list, and [`sweep_removed`] finishes it.
//!
//! It leaves its rooms before its words are taken back: nothing that was still on its way can be said behind that. What stays are
//! traces that lead nowhere, because no number is given twice: places of messages without a word, checks and marks without
//! one, lines of the audit, old events.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::account;
use super::closing::close_within;
use super::{guesses, identifiers, index};
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::event::What;
use crate::ids::{AccountId, RoomId};
use crate::limits::{ACCOUNT_BATCH_ROWS, PAGE_ITEMS_MAX};
use crate::logins::{self, one_time};
use crate::rooms::{self, Left, deleting, members};
use crate::schema::{
    ALIAS_BY_PAIR, BAN_BY_ROOM, BLOCK_BY_PAIR, DYING_ACCOUNT_BY_ID, FILES_BY_ACCOUNT, FRIEND_BY_PAIR,
    FRIEND_REQUEST_BY_PAIR, FRIEND_REQUESTERS, IDENTIFIER_BY_ACCOUNT, KEPT_BY_NAME, LAST_SEEN_BY_ACCOUNT,
    LEFT_BY_ACCOUNT, LEFT_BY_ROOM, LOCK_NOTE_BY_ACCOUNT, MUTE_BY_ROOM, PERSON_BY_ACCOUNT, PICTURE_KEY_BY_ACCOUNT,
    PRESENCE_HIDDEN, PUBLIC_KEY_BY_ACCOUNT, ROOM_BY_ID, ROOMS_BY_ACCOUNT,
};
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx, calls, files, friends, machines, messages, organisations};

/// An account that is going.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DyingAccount {
    /// Since when.
    pub since: Stamp,
}

impl Row for DyingAccount {}

/// Removes the caller's own account on the strength of its token. Fails with `Refused(LastAdministrator)`. It can do nothing
/// more at once; the answer comes when it is gone.
pub fn remove(core: &Core, caller: &Caller) -> Result<()> {
    let (id, now) = (caller.require_account()?, core.now());
    core.write(caller, move |tx| begin(tx, now, id))?;
    logins::forget_account(core, id);
    finish(core, id)
}

/// Removes somebody else's account, closed or not. Needs the permission to ban. Fails with `NotFound(Account)`, and with
/// `Refused(LastAdministrator)`. The answer comes when it is gone.
pub fn remove_other(core: &Core, caller: &Caller, id: AccountId) -> Result<()> {
    let now = core.now();
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        server_roles::require_over(tx, &caller_again, ServerPermission::BanUser, id)?;
        begin(tx, now, id)?;
        audit::record(tx, now, &caller_again, Verb::AccountClosed, &format!("account {id}"), "removed")
    })?;
    logins::forget_account(core, id);
    finish(core, id)
}

/// Finishes accounts that were being removed when the server stopped; safe to repeat. Says how many.
pub fn sweep_removed(core: &Core) -> Result<usize> {
    let (mut swept, mut after) = (0, None);
    loop {
        let page =
            core.read(|view| DYING_ACCOUNT_BY_ID.keys(view, &(), after.as_ref(), Order::Ascending, PAGE_ITEMS_MAX))?;
        let Some(last) = page.last() else { return Ok(swept) };
        after = Some(*last);
        for id in page {
            finish(core, id)?;
            swept += 1;
        }
    }
}

/// Closes the account, unless that was done before, and puts it on the list.
pub(crate) fn begin(tx: &mut Tx<'_>, now: Stamp, id: AccountId) -> Result<()> {
    if !account::get(tx, id)?.is_closed() {
        close_within(tx, now, id)?;
    }
    Ok(DYING_ACCOUNT_BY_ID.put(tx, &id, &DyingAccount { since: now })?)
}

/// Brings the removal to its end from wherever it stands. Two may do so at once.
fn finish(core: &Core, id: AccountId) -> Result<()> {
    loop {
        while let Some(room) = core.read(|view| first_room(view, &ROOMS_BY_ACCOUNT, id))? {
            leave(core, id, room)?;
        }
        while let Some(room) = core.read(|view| first_room(view, &LEFT_BY_ACCOUNT, id))? {
            forget_room(core, id, room)?;
        }
        rooms::withdraw_all(core, id)?;
        while sweep_some(core, id)? {}
        if end(core, id)? {
            return Ok(());
        }
    }
}

type RoomsOf = chatelaine_store::Tree<(AccountId, RoomId), ()>;

fn first_room(r: &impl Read, tree: &RoomsOf, id: AccountId) -> Result<Option<RoomId>> {
    Ok(tree.keys(r, &id, None, Order::Ascending, 1)?.first().map(|(_, room)| *room))
}

/// Takes the account out of a room. A private room goes with it, and so does a group without further members.
fn leave(core: &Core, id: AccountId, room: RoomId) -> Result<()> {
    let now = core.now();
    let left = core.write(&Caller::system(), move |tx| {
        let Some(member) = members::find(tx, room, id)? else {
            ROOMS_BY_ACCOUNT.remove(tx, &(id, room))?;
            return Ok(Left::Left);
        };
        if end_private(tx, now, room)? {
            return Ok(Left::RoomDeleted);
        }
        if !ROOM_BY_ID.has(tx, &room)? {
            // It is on its way out; whoever brings that to its end finds one member fewer.
            members::dismiss(tx, now, room, id, &member)?;
            return Ok(Left::Left);
        }
        members::put_out(tx, now, room, (id, &member), What::MemberLeft { room, account: id })?;
        members::end_if_empty(tx, now, room)
    })?;
    deleting::finish(core, room, left).map(drop)
}

/// Begins the end of a private room; says whether it is one.
fn end_private(tx: &mut Tx<'_>, now: Stamp, room: RoomId) -> Result<bool> {
    let Some(row) = ROOM_BY_ID.get(tx, &room)?.filter(|row| row.pair.is_some()) else { return Ok(false) };
    deleting::begin(tx, now, room, &row)?;
    Ok(true)
}

/// Takes back what the account said in a room that it left, and what holds against it there. A private room that the other one
/// kept goes.
fn forget_room(core: &Core, id: AccountId, room: RoomId) -> Result<()> {
    let now = core.now();
    if core.write(&Caller::system(), move |tx| end_private(tx, now, room))? {
        deleting::finish(core, room, Left::RoomDeleted)?;
    } else {
        messages::erase_of(core, id, room)?;
    }
    core.write(&Caller::system(), move |tx| {
        BAN_BY_ROOM.remove(tx, &(room, id))?;
        MUTE_BY_ROOM.remove(tx, &(room, id))?;
        LEFT_BY_ROOM.remove(tx, &(room, id))?;
        Ok(LEFT_BY_ACCOUNT.remove(tx, &(id, room))?)
    })
}

/// One bounded command; says whether something may be left.
fn sweep_some(core: &Core, id: AccountId) -> Result<bool> {
    let now = core.now();
    core.write(&Caller::system(), move |tx| {
        let removed = sweep_friends(tx, now, id)? + sweep_papers(tx, id)?;
        let (most, files) = (ACCOUNT_BATCH_ROWS, files::remove_some(tx, id, ACCOUNT_BATCH_ROWS)?);
        Ok(removed + files + machines::forget_some(tx, id, most)? > 0)
    })
}

/// Friendships and requests. Friends hear that it is over.
fn sweep_friends(tx: &mut Tx<'_>, now: Stamp, id: AccountId) -> Result<usize> {
    let (order, most) = (Order::Ascending, ACCOUNT_BATCH_ROWS);
    let mut removed = 0;
    for (_, other) in FRIEND_BY_PAIR.keys(tx, &id, None, order, most)? {
        friends::part(tx, now, id, other)?;
        removed += 1;
    }
    for (_, to) in FRIEND_REQUEST_BY_PAIR.keys(tx, &id, None, order, most)? {
        friends::remove_request(tx, id, to)?;
        removed += 1;
    }
    for (_, from) in FRIEND_REQUESTERS.keys(tx, &id, None, order, most)? {
        friends::remove_request(tx, from, id)?;
        removed += 1;
    }
    Ok(removed)
}

/// Blocks, private names, kept texts, identifiers.
fn sweep_papers(tx: &mut Tx<'_>, id: AccountId) -> Result<usize> {
    let most = ACCOUNT_BATCH_ROWS;
    let mut removed = BLOCK_BY_PAIR.remove_all(tx, &id, most)?
        + ALIAS_BY_PAIR.remove_all(tx, &id, most)?
        + KEPT_BY_NAME.remove_all(tx, &id, most)?;
    for key in IDENTIFIER_BY_ACCOUNT.keys(tx, &id, None, Order::Ascending, most)? {
        identifiers::remove_within(tx, &key)?;
        removed += 1;
    }
    Ok(removed)
}

/// Takes the account itself away and frees its names, unless something came meanwhile; says whether it is gone.
fn end(core: &Core, id: AccountId) -> Result<bool> {
    let (now, keys) = (core.now(), core.keys().clone());
    core.write(&Caller::system(), move |tx| {
        if !DYING_ACCOUNT_BY_ID.has(tx, &id)? {
            return Ok(true);
        }
        let holds = first_room(tx, &ROOMS_BY_ACCOUNT, id)?.is_some()
            || first_room(tx, &LEFT_BY_ACCOUNT, id)?.is_some()
            || FILES_BY_ACCOUNT.first(tx, &id)?.is_some()
            || FRIEND_BY_PAIR.first(tx, &id)?.is_some();
        if holds {
            return Ok(false);
        }
        calls::leave_all(tx, now, id)?;
        logins::remove_all(tx, id)?;
        one_time::remove_all(tx, id)?;
        PUBLIC_KEY_BY_ACCOUNT.remove(tx, &id)?;
        LOCK_NOTE_BY_ACCOUNT.remove(tx, &id)?;
        PICTURE_KEY_BY_ACCOUNT.remove(tx, &id)?;
        PERSON_BY_ACCOUNT.remove(tx, &id)?;
        LAST_SEEN_BY_ACCOUNT.remove(tx, &id)?;
        PRESENCE_HIDDEN.remove(tx, &id)?;
        organisations::leave(tx, id)?;
        let account = account::get(tx, id)?;
        guesses::forget(tx, &guesses::keys_of(&keys, &account))?;
        index::remove(tx, &account)?;
        DYING_ACCOUNT_BY_ID.remove(tx, &id)?;
        Ok(true)
    })
}

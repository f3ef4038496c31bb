//! What a friendship is, how two accounts stand to each other, listing and ending friendships, private names.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::blocks;
use crate::accounts;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Result, Thing};
use crate::event::{Audience, What};
use crate::event_log;
use crate::ids::{AccountId, RoomId};
use crate::limits::{ALIAS_CHARS_MAX, FRIENDS_MAX};
use crate::page::{Ask, Done, Page};
use crate::rooms::{Left, deleting};
use crate::schema::{ALIAS_BY_PAIR, FRIEND_BY_PAIR, FRIEND_REQUEST_BY_PAIR};
use crate::{Core, Tx};

/// One side of a friendship.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Friend {
    /// Since when.
    pub since: Stamp,
    /// The private room that was opened for the two.
    pub room: Option<RoomId>,
}

impl Row for Friend {}

/// An open request for friendship.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FriendRequest {
    /// Who asks.
    pub from: AccountId,
    /// Who is asked.
    pub to: AccountId,
    /// What was said with it.
    pub note: String,
    /// When.
    pub at: Stamp,
    /// Until when it can be answered.
    pub expires_at: Stamp,
}

impl Row for FriendRequest {}

/// A friend, as listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FriendView {
    /// Who.
    pub account: AccountId,
    /// Since when.
    pub since: Stamp,
    /// The caller's private name for them; blank when none.
    pub alias: String,
    /// The private room that was opened for the two.
    pub room: Option<RoomId>,
}

/// How another account stands to the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Nothing is between the two.
    Stranger,
    /// It is the caller.
    Oneself,
    /// They are friends.
    Friend,
    /// The caller asked for friendship and has no answer yet.
    Asked,
    /// It asks the caller for friendship.
    Asks,
    /// The caller blocks it.
    Blocked,
}

/// How `other` stands to `me`.
pub fn standing(r: &impl Read, me: AccountId, other: AccountId, now: Stamp) -> Result<Standing> {
    if me == other {
        return Ok(Standing::Oneself);
    }
    if blocks::is_blocked(r, me, other)? {
        return Ok(Standing::Blocked);
    }
    if are_friends(r, me, other)? {
        return Ok(Standing::Friend);
    }
    let open = |from, to| -> Result<bool> {
        Ok(FRIEND_REQUEST_BY_PAIR.get(r, &(from, to))?.is_some_and(|request| now < request.expires_at))
    };
    if open(other, me)? {
        return Ok(Standing::Asks);
    }
    Ok(if open(me, other)? { Standing::Asked } else { Standing::Stranger })
}

/// Whether the two are friends.
pub fn are_friends(r: &impl Read, one: AccountId, other: AccountId) -> Result<bool> {
    Ok(FRIEND_BY_PAIR.has(r, &(one, other))?)
}

/// Every friend of an account; there are never more than `FRIENDS_MAX`.
pub fn ids_of(r: &impl Read, account: AccountId) -> Result<Vec<AccountId>> {
    let keys = FRIEND_BY_PAIR.keys(r, &account, None, Order::Ascending, FRIENDS_MAX)?;
    Ok(keys.into_iter().map(|(_, friend)| friend).collect())
}

/// The private name that one gave another; blank when none.
pub fn find_alias(r: &impl Read, by: AccountId, other: AccountId) -> Result<String> {
    Ok(ALIAS_BY_PAIR.get(r, &(by, other))?.unwrap_or_default())
}

/// Lists the caller's friends in the order of their accounts.
pub fn list(core: &Core, caller: &Caller, ask: Ask<AccountId>) -> Result<Page<FriendView, AccountId>> {
    let me = caller.require_account()?;
    core.read(|view| {
        let wanted = ask.items();
        let after = ask.after.map(|after| (me, after));
        let rows = FRIEND_BY_PAIR.list(view, &me, after.as_ref(), Order::Ascending, wanted + 1)?;
        let mut items = Vec::with_capacity(rows.len());
        for ((_, account), friend) in rows {
            let alias = find_alias(view, me, account)?;
            items.push(FriendView { account, since: friend.since, alias, room: friend.room });
        }
        Ok(Page::of(items, wanted, |view: &FriendView| view.account))
    })
}

/// Ends a friendship from both sides; the private room and what was said in it stay. Fails with `NotFound(Friend)`.
pub fn remove(core: &Core, caller: &Caller, other: AccountId) -> Result<()> {
    let me = caller.require_account()?;
    let now = core.now();
    core.write(caller, move |tx| require_parted(tx, now, me, other))
}

/// Ends a friendship from both sides, and with it the private room of the two and all that was said there: one protocol
/// promises so. Fails with `NotFound(Friend)`.
pub fn remove_with_room(core: &Core, caller: &Caller, other: AccountId) -> Result<()> {
    let me = caller.require_account()?;
    let now = core.now();
    let room = core.write(caller, move |tx| {
        require_parted(tx, now, me, other)?;
        deleting::begin_private(tx, now, me, other)
    })?;
    room.map_or(Ok(()), |room| deleting::finish(core, room, Left::RoomDeleted).map(drop))
}

fn require_parted(tx: &mut Tx<'_>, now: Stamp, by: AccountId, other: AccountId) -> Result<()> {
    match part(tx, now, by, other)? {
        Done::Done => Ok(()),
        Done::AlreadySo => Err(Error::NotFound(Thing::Friend)),
    }
}

/// Takes both sides of a friendship away and tells the two, if they were friends.
pub(crate) fn part(tx: &mut Tx<'_>, now: Stamp, by: AccountId, other: AccountId) -> Result<Done> {
    if !are_friends(tx, by, other)? {
        return Ok(Done::AlreadySo);
    }
    FRIEND_BY_PAIR.remove(tx, &(by, other))?;
    FRIEND_BY_PAIR.remove(tx, &(other, by))?;
    touch_both(tx, by, other, now)?;
    let what = What::FriendRemoved { by, other };
    event_log::record(tx, now, Audience::accounts(vec![by, other]), what)?;
    Ok(Done::Done)
}

pub(super) fn touch_both(tx: &mut Tx<'_>, one: AccountId, other: AccountId, now: Stamp) -> Result<()> {
    accounts::touch(tx, one, now)?;
    accounts::touch(tx, other, now)
}

/// Gives somebody, friend or not, a private name that only the caller sees; a blank one takes it back.
/// Fails with `NotFound(Account)` or `Invalid(Alias, ..)`.
pub fn set_alias(core: &Core, caller: &Caller, other: AccountId, alias: &str) -> Result<()> {
    let me = caller.require_account()?;
    let alias = checked_alias(alias)?;
    let now = core.now();
    core.write(caller, move |tx| {
        accounts::get(tx, other)?;
        put_alias(tx, me, other, &alias)?;
        accounts::touch(tx, me, now)
    })
}

/// A trimmed private name; may be blank. Fails with `Invalid(Alias, ..)`.
pub(super) fn checked_alias(alias: &str) -> Result<String> {
    let alias = alias.trim().to_owned();
    if alias.chars().count() > ALIAS_CHARS_MAX {
        return Err(Error::Invalid(Field::Alias, Flaw::TooLong));
    }
    if alias.chars().any(char::is_control) {
        return Err(Error::Invalid(Field::Alias, Flaw::Malformed));
    }
    Ok(alias)
}

pub(super) fn put_alias(tx: &mut Tx<'_>, by: AccountId, other: AccountId, alias: &String) -> Result<()> {
    if alias.is_empty() {
        Ok(ALIAS_BY_PAIR.remove(tx, &(by, other))?)
    } else {
        Ok(ALIAS_BY_PAIR.put(tx, &(by, other), alias)?)
    }
}

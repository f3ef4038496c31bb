//! Who is in a room: the check every operation begins with, the one way in and the one way out for a member's rows, and
//! what members do about themselves and each other: list, leave, put out, choose what to be told about.

use chatelaine_store::{Order, Read};

use crate::accounts;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Limit, Reason, Result, Thing};
use crate::event::{Audience, What};
use crate::ids::{AccountId, RoleId, RoomId};
use crate::limits::{ROOM_MEMBERS_END, ROOMS_PER_ACCOUNT_MAX};
use crate::page::{Ask, Done, Page};
use crate::roles::{self, Parting, Permission, Standing};
use crate::rooms::room::{CountRow, LogRow, MemberRow, Notify, RoomKind, RoomRow, Whom};
use crate::rooms::views::MemberView;
use crate::rooms::{deleting, keys, restrictions};
use crate::schema::{
    COUNTS_BY_ROOM, LEFT_BY_ACCOUNT, LEFT_BY_ROOM, LOG_BY_ROOM, MEMBER_BY_ROOM, MEMBERS_BY_JOINING, MEMBERS_BY_ROLE,
    REQUEST_BY_ROOM, ROOM_BY_ID, ROOMS_BY_ACCOUNT,
};
use crate::server_roles::{self, ServerPermission};
use crate::settings::Settings;
use crate::{Core, Tx, event_log};

/// Where a page of members ends: members are listed in the order in which they came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemberCursor {
    /// Since when the last one shown is in.
    pub joined_at: Stamp,
    /// Who that is.
    pub account: AccountId,
}

/// What became of a room that was left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    /// Others are still in it.
    Left,
    /// It was the last member, so the room is gone.
    RoomDeleted,
}

/// The membership of an account, if it has one.
pub fn find(r: &impl Read, room: RoomId, account: AccountId) -> Result<Option<MemberRow>> {
    Ok(MEMBER_BY_ROOM.get(r, &(room, account))?)
}

/// What is stored of a room. Fails with `NotFound(Room)`.
pub fn room_row(r: &impl Read, room: RoomId) -> Result<RoomRow> {
    ROOM_BY_ID.get(r, &room)?.ok_or(Error::NotFound(Thing::Room))
}

/// The caller as a member of the room. Outsiders hear `Refused(NotAMember)` of rooms that they may know of, and `NotFound(Room)`
/// of others as of rooms that do not exist.
pub fn require(r: &impl Read, settings: &Settings, caller: &Caller, room: RoomId) -> Result<Standing> {
    let account = caller.require_account()?;
    let row = room_row(r, room)?;
    let member = find(r, room, account)?.ok_or_else(|| row.refusal())?;
    let permissions = roles::held_by(r, settings, (room, &row), &member)?;
    Ok(Standing { room, row, account, member, permissions })
}

/// Why somebody who is not in the room may do nothing there: `Refused(NotAMember)` or `NotFound(Room)`.
pub(crate) fn outsider(r: &impl Read, room: RoomId) -> Error {
    room_row(r, room).map_or_else(|missing| missing, |row| row.refusal())
}

/// Where the room's log stands.
pub(crate) fn log(r: &impl Read, room: RoomId) -> Result<LogRow> {
    LOG_BY_ROOM.get(r, &room)?.ok_or_else(|| Error::internal(&format!("room {room} has no log row")))
}

/// The room's counters.
pub(crate) fn counts(r: &impl Read, room: RoomId) -> Result<CountRow> {
    Ok(COUNTS_BY_ROOM.get(r, &room)?.unwrap_or_default())
}

/// Stores the room's counters.
pub(crate) fn put_counts(tx: &mut Tx<'_>, room: RoomId, counts: CountRow) -> Result<()> {
    Ok(COUNTS_BY_ROOM.put(tx, &room, &counts)?)
}

/// The rooms of an account, in no useful order, all of them: their number is bounded.
pub fn rooms_of(r: &impl Read, account: AccountId) -> Result<Vec<RoomId>> {
    let keys = ROOMS_BY_ACCOUNT.keys(r, &account, None, Order::Ascending, ROOMS_PER_ACCOUNT_MAX)?;
    Ok(keys.into_iter().map(|(_, room)| room).collect())
}

/// Makes somebody a member who is none. Bans and join rules are the caller's matter.
/// Fails with `OverLimit(Members)` or `OverLimit(Rooms)`, with `NotFound(Account)` or `Refused(AccountClosed)` for who is gone.
pub(crate) fn add(
    tx: &mut Tx<'_>,
    settings: &Settings,
    now: Stamp,
    room: RoomId,
    joining: (AccountId, RoleId),
) -> Result<MemberRow> {
    let (account, role) = joining;
    // What he asked for before he went must not bring him back in.
    accounts::get_open(tx, account)?;
    let mut counts = counts(tx, room)?;
    if counts.members >= settings.rooms.members_max.min(ROOM_MEMBERS_END) {
        return Err(Error::OverLimit(Limit::Members));
    }
    if ROOMS_BY_ACCOUNT.count(tx, &account, ROOMS_PER_ACCOUNT_MAX)? >= ROOMS_PER_ACCOUNT_MAX {
        return Err(Error::OverLimit(Limit::Rooms));
    }
    let member = MemberRow::joining(role, now, log(tx, room)?.last_offset);
    MEMBER_BY_ROOM.put(tx, &(room, account), &member)?;
    MEMBERS_BY_JOINING.put(tx, &(room, member.joined_at, account), &())?;
    MEMBERS_BY_ROLE.put(tx, &(room, role, account), &())?;
    ROOMS_BY_ACCOUNT.put(tx, &(account, room), &())?;
    accounts::touch(tx, account, now)?;
    counts.members += 1;
    // Who is in no longer asks to be let in.
    if REQUEST_BY_ROOM.has(tx, &(room, account))? {
        REQUEST_BY_ROOM.remove(tx, &(room, account))?;
        counts.requests = counts.requests.saturating_sub(1);
    }
    put_counts(tx, room, counts)?;
    Ok(member)
}

/// As [`add`], with the event that tells the room.
pub(crate) fn add_telling(
    tx: &mut Tx<'_>,
    settings: &Settings,
    now: Stamp,
    room: RoomId,
    joining: (AccountId, RoleId, Option<AccountId>),
) -> Result<()> {
    let (account, role, by) = joining;
    add(tx, settings, now, room, (account, role))?;
    event_log::record(tx, now, Audience::room(room), What::MemberJoined { room, account, by })?;
    Ok(())
}

/// As [`dismiss`], out of a room that stays, and notes where he was: what he said there is his.
pub(crate) fn take_out(
    tx: &mut Tx<'_>,
    now: Stamp,
    room: RoomId,
    account: AccountId,
    member: &MemberRow,
) -> Result<u32> {
    LEFT_BY_ACCOUNT.put(tx, &(account, room), &())?;
    LEFT_BY_ROOM.put(tx, &(room, account), &())?;
    dismiss(tx, now, room, account, member)
}

/// Takes a member's rows away, the role with the membership, and says how many members are left. Whatever the reason, a key
/// that he knows is a key too many.
pub(crate) fn dismiss(
    tx: &mut Tx<'_>,
    now: Stamp,
    room: RoomId,
    account: AccountId,
    member: &MemberRow,
) -> Result<u32> {
    MEMBER_BY_ROOM.remove(tx, &(room, account))?;
    MEMBERS_BY_JOINING.remove(tx, &(room, member.joined_at, account))?;
    MEMBERS_BY_ROLE.remove(tx, &(room, member.role, account))?;
    ROOMS_BY_ACCOUNT.remove(tx, &(account, room))?;
    accounts::touch(tx, account, now)?;
    let mut counts = counts(tx, room)?;
    counts.members = counts.members.saturating_sub(1);
    put_counts(tx, room, counts)?;
    keys::note_left(tx, room)?;
    Ok(counts.members)
}

/// Members in the order in which they came. Fails with `Denied` for plain members where the room does not let them look.
pub fn list_members(
    core: &Core,
    caller: &Caller,
    room: RoomId,
    ask: Ask<MemberCursor>,
) -> Result<Page<MemberView, MemberCursor>> {
    let (settings, now) = (core.settings(), core.now());
    core.read(|view| {
        let acting = roles::require_seen(view, &settings, caller, room)?;
        if !acting.row.options.members_may_list && !acting.permissions.is_steward() {
            return Err(Permission::Kick.denied());
        }
        let after = ask.after.map(|cursor| (room, cursor.joined_at, cursor.account));
        let keys = MEMBERS_BY_JOINING.keys(view, &room, after.as_ref(), Order::Ascending, ask.items() + 1)?;
        let page = Page::of(keys, ask.items(), |(_, joined_at, account)| MemberCursor {
            joined_at: *joined_at,
            account: *account,
        });
        let mut items = Vec::with_capacity(page.items.len());
        for (_, _, account) in page.items {
            items.extend(member_view(view, now, room, account)?);
        }
        Ok(Page { items, next: page.next })
    })
}

/// One member. Members may always look at themselves. Fails with `NotFound(Member)`.
pub fn get_member(core: &Core, caller: &Caller, room: RoomId, account: AccountId) -> Result<MemberView> {
    let (settings, now) = (core.settings(), core.now());
    core.read(|view| {
        let acting = roles::require_seen(view, &settings, caller, room)?;
        let open = acting.row.options.members_may_list || acting.permissions.is_steward();
        if !open && acting.by != Some(account) {
            return Err(Permission::Kick.denied());
        }
        member_view(view, now, room, account)?.ok_or(Error::NotFound(Thing::Member))
    })
}

fn member_view(r: &impl Read, now: Stamp, room: RoomId, account: AccountId) -> Result<Option<MemberView>> {
    let Some(member) = find(r, room, account)? else { return Ok(None) };
    Ok(Some(MemberView {
        account,
        role: member.role,
        role_name: roles::name_of(r, member.role)?,
        joined_at: member.joined_at,
        muted_until: restrictions::mute_of(r, now, room, Whom::One(account))?,
    }))
}

/// Puts a member out; he may come back. Fails with `Denied` without the right, or when the target may set roles and the
/// caller may not: who looks after a room cannot put its owner out. The last member's going deletes the room.
pub fn kick(core: &Core, caller: &Caller, room: RoomId, account: AccountId) -> Result<Left> {
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    let left = core.write(caller, move |tx| {
        let acting = roles::require_here_or_everywhere(tx, &settings, &who, room, Permission::Kick)?;
        // Two in a private room are equals; only who looks after the whole server stands above them.
        if !server_roles::may(tx, &who, ServerPermission::ManageRooms)? {
            require_group(&acting.row)?;
        }
        let member = find(tx, room, account)?.ok_or(Error::NotFound(Thing::Member))?;
        require_above(tx, &settings, &acting, room, &member)?;
        put_out(tx, now, room, (account, &member), What::MemberKicked { room, account, by: acting.by })?;
        audit::record(tx, now, &who, Verb::MemberKicked, &format!("room {room}"), &format!("account {account}"))?;
        end_if_empty(tx, now, room)
    })?;
    deleting::finish(core, room, left)
}

/// Fails with `Refused(RoomKind)` for a private room, where nobody is above the other: leaving or blocking is the way there.
pub(crate) fn require_group(row: &RoomRow) -> Result<()> {
    match row.kind {
        RoomKind::Group => Ok(()),
        RoomKind::Private => Err(Error::Refused(Reason::RoomKind)),
    }
}

/// Fails with `Denied` when the member may set roles here and who acts on him may not.
pub(crate) fn require_above(
    r: &impl Read,
    settings: &Settings,
    acting: &roles::Acting,
    room: RoomId,
    member: &MemberRow,
) -> Result<()> {
    let theirs = roles::held(r, settings, room, member.role)?;
    if theirs.has(Permission::SetRole) && !acting.permissions.has(Permission::SetRole) {
        return Err(Permission::SetRole.denied());
    }
    Ok(())
}

/// Takes a member out and tells the room and him.
pub(crate) fn put_out(
    tx: &mut Tx<'_>,
    now: Stamp,
    room: RoomId,
    member: (AccountId, &MemberRow),
    what: What,
) -> Result<()> {
    take_out(tx, now, room, member.0, member.1)?;
    event_log::record(tx, now, Audience::room(room).and_account(member.0), what)?;
    Ok(())
}

/// Begins the end of a room that has no member left.
pub(crate) fn end_if_empty(tx: &mut Tx<'_>, now: Stamp, room: RoomId) -> Result<Left> {
    if counts(tx, room)?.members > 0 {
        return Ok(Left::Left);
    }
    let row = room_row(tx, room)?;
    deleting::begin(tx, now, room, &row)?;
    Ok(Left::RoomDeleted)
}

/// Leaves a room. The last one out deletes it. Fails with `Refused(LastOwner)` when nobody else could set roles and
/// `parting` asks to keep somebody who can.
pub fn leave(core: &Core, caller: &Caller, room: RoomId, parting: Parting) -> Result<Left> {
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    let left = core.write(caller, move |tx| {
        let standing = require(tx, &settings, &who, room)?;
        let account = standing.account;
        if parting == Parting::KeepAnOwner && standing.permissions.has(Permission::SetRole) {
            roles::require_successor(tx, &settings, room, &standing.row, account)?;
        }
        put_out(tx, now, room, (account, &standing.member), What::MemberLeft { room, account })?;
        end_if_empty(tx, now, room)
    })?;
    deleting::finish(core, room, left)
}

/// Says about which messages the caller wants to be told.
pub fn set_notify(core: &Core, caller: &Caller, room: RoomId, notify: Notify) -> Result<Done> {
    let (settings, who) = (core.settings(), caller.clone());
    core.write(caller, move |tx| {
        let standing = require(tx, &settings, &who, room)?;
        if standing.member.notify == notify {
            return Ok(Done::AlreadySo);
        }
        let row = MemberRow { notify, ..standing.member };
        MEMBER_BY_ROOM.put(tx, &(room, standing.account), &row)?;
        Ok(Done::Done)
    })
}

//! Roles of a room's own, and who holds which. Only holders of the right to set roles get this far, and of what they hand
//! out they must hold every permission themselves. The right to own a room may be given away freely.

use chatelaine_store::{Order, Read};

use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Limit, Reason, Result, Thing};
use crate::event::{Audience, What};
use crate::ids::{AccountId, RoleId, RoomId};
use crate::limits::{PAGE_ITEMS_MAX, ROOM_OWN_ROLES_MAX};
use crate::page::Done;
use crate::roles::rights::{Standing, held, require};
use crate::roles::role::{
    BUILT_IN, OWNER, Permission, Permissions, RoleRow, RoleView, built_in, checked_description, checked_name,
};
use crate::rooms::{MemberRow, RoomRow, members};
use crate::schema::{MEMBER_BY_ROOM, MEMBERS_BY_ROLE, ROLE_BY_ID, ROLES, ROLES_BY_ROOM};
use crate::settings::Settings;
use crate::{Core, Tx, event_log};

/// What happens when the last one who can set roles goes or gives that up while others stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parting {
    /// It is refused: hand over first. Our own API asks for this.
    KeepAnOwner,
    /// The room goes on without an owner. One protocol lets owners leave and promises that nobody inherits.
    Anyhow,
}

/// A role to be made.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it allows; may be nothing.
    pub permissions: Permissions,
}

/// What is to change about a role.
#[derive(Clone, Debug, Default)]
pub struct RoleChange {
    /// Another name.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Other permissions.
    pub permissions: Option<Permissions>,
}

/// All roles that can be given in a room: the built-in ones, then its own. Members only.
pub fn list(core: &Core, caller: &Caller, room: RoomId) -> Result<Vec<RoleView>> {
    let settings = core.settings();
    core.read(|view| {
        members::require(view, &settings, caller, room)?;
        let mut roles: Vec<RoleView> = BUILT_IN.into_iter().filter_map(built_in).collect();
        for (_, id) in ROLES_BY_ROOM.keys(view, &room, None, Order::Ascending, ROOM_OWN_ROLES_MAX)? {
            roles.extend(ROLE_BY_ID.get(view, &id)?.map(|row| row.view(id)));
        }
        Ok(roles)
    })
}

/// One role. Built-in ones are readable by everybody, a room's own by its members.
/// Fails with `NotFound(Role)` or `Refused(NotAMember)`.
pub fn get(core: &Core, caller: &Caller, role: RoleId) -> Result<RoleView> {
    caller.require_account()?;
    if let Some(role) = built_in(role) {
        return Ok(role);
    }
    let settings = core.settings();
    core.read(|view| {
        let row = ROLE_BY_ID.get(view, &role)?.ok_or(Error::NotFound(Thing::Role))?;
        members::require(view, &settings, caller, row.room).map_err(|lacking| match lacking {
            Error::NotFound(Thing::Room) => Error::NotFound(Thing::Role),
            other => other,
        })?;
        Ok(row.view(role))
    })
}

/// Makes a role. Fails with `Denied` without the right to set roles or for permissions the caller lacks, with
/// `OverLimit(Roles)` when the room has enough.
pub fn add(core: &Core, caller: &Caller, room: RoomId, new: NewRole) -> Result<RoleView> {
    let row = RoleRow {
        room,
        name: checked_name(&new.name)?,
        description: checked_description(new.description)?,
        permissions: new.permissions,
    };
    let (settings, now, caller) = (core.settings(), core.now(), caller.clone());
    core.write(&caller.clone(), move |tx| {
        let standing = require_in_group(tx, &settings, &caller, room)?;
        require_may_give(&standing, row.permissions)?;
        let mut counts = members::counts(tx, room)?;
        if counts.roles >= own_roles_max(&settings) {
            return Err(Error::OverLimit(Limit::Roles));
        }
        counts.roles += 1;
        members::put_counts(tx, room, counts)?;
        tx.count_past(&ROLES, OWNER.get())?;
        let role = RoleId::new(tx.count_up(&ROLES)?);
        ROLE_BY_ID.put(tx, &role, &row)?;
        ROLES_BY_ROOM.put(tx, &(room, role), &())?;
        event_log::record(tx, now, Audience::room(room), What::RoleAdded { room, role })?;
        note(tx, now, &caller, Verb::RoleMade, (room, role))?;
        Ok(row.clone().view(role))
    })
}

/// The room's own limit on roles; the setting cannot exceed what a list of roles reads.
fn own_roles_max(settings: &Settings) -> u32 {
    settings.rooms.own_roles_max.min(u32::try_from(ROOM_OWN_ROLES_MAX).unwrap_or(u32::MAX))
}

/// Changes a role of the room. Fails as [`add`] does, and with `Refused(BuiltIn)` for the built-in ones.
/// The caller must hold the permissions of before as well: a role above his own is not his to change.
pub fn change(core: &Core, caller: &Caller, room: RoomId, role: RoleId, change: RoleChange) -> Result<RoleView> {
    let name = change.name.as_deref().map(checked_name).transpose()?;
    let description = change.description.map(checked_description).transpose()?;
    let (settings, now, caller) = (core.settings(), core.now(), caller.clone());
    core.write(&caller.clone(), move |tx| {
        let standing = require_in_group(tx, &settings, &caller, room)?;
        let before = own_role(tx, room, role)?;
        let row = RoleRow {
            room,
            name: name.clone().unwrap_or(before.name),
            description: description.clone().unwrap_or(before.description),
            permissions: change.permissions.unwrap_or(before.permissions),
        };
        require_may_give(&standing, before.permissions)?;
        require_may_give(&standing, row.permissions)?;
        ROLE_BY_ID.put(tx, &role, &row)?;
        if before.permissions.has(Permission::SetRole) && !row.permissions.has(Permission::SetRole) {
            require_keeper(tx, &settings, room)?;
        }
        event_log::record(tx, now, Audience::room(room), What::RoleChanged { room, role })?;
        note(tx, now, &caller, Verb::RoleChanged, (room, role))?;
        Ok(row.view(role))
    })
}

/// Removes a role of the room; its holders fall back to the room's default role, in the same transaction.
/// Fails with `OverLimit(Members)` when more hold it than one transaction takes: give them another role first.
pub fn remove(core: &Core, caller: &Caller, room: RoomId, role: RoleId) -> Result<()> {
    let (settings, now, caller) = (core.settings(), core.now(), caller.clone());
    core.write(&caller.clone(), move |tx| {
        let standing = require_in_group(tx, &settings, &caller, room)?;
        let row = own_role(tx, room, role)?;
        require_may_give(&standing, row.permissions)?;
        let holders = MEMBERS_BY_ROLE.keys(tx, &(room, role), None, Order::Ascending, PAGE_ITEMS_MAX + 1)?;
        if holders.len() > PAGE_ITEMS_MAX {
            return Err(Error::OverLimit(Limit::Members));
        }
        for (_, _, account) in holders {
            let Some(member) = members::find(tx, room, account)? else { continue };
            put_role(tx, room, account, &member, standing.row.default_role)?;
        }
        ROLE_BY_ID.remove(tx, &role)?;
        ROLES_BY_ROOM.remove(tx, &(room, role))?;
        let mut counts = members::counts(tx, room)?;
        counts.roles = counts.roles.saturating_sub(1);
        members::put_counts(tx, room, counts)?;
        if row.permissions.has(Permission::SetRole) {
            require_keeper(tx, &settings, room)?;
        }
        event_log::record(tx, now, Audience::room(room), What::RoleRemoved { room, role })?;
        note(tx, now, &caller, Verb::RoleRemoved, (room, role))
    })
}

/// Gives a member another role. Fails with `NotFound(Member | Role)`, with `Denied` when the caller lacks the right to set
/// roles or a permission of the new or the former role, and with `Refused(LastOwner)` when nobody could set roles any more.
pub fn set_member_role(
    core: &Core,
    caller: &Caller,
    place: (RoomId, AccountId),
    role: RoleId,
    parting: Parting,
) -> Result<Done> {
    let (room, account) = place;
    let (settings, now, caller) = (core.settings(), core.now(), caller.clone());
    core.write(&caller.clone(), move |tx| {
        let standing = require_in_group(tx, &settings, &caller, room)?;
        require(&standing, Permission::SetRole)?;
        let member = members::find(tx, room, account)?.ok_or(Error::NotFound(Thing::Member))?;
        require_may_give(&standing, permissions_of(tx, room, role)?)?;
        let former = held(tx, &settings, room, member.role)?;
        // Giving one's own role away needs no right over oneself.
        if account != standing.account {
            require_may_give(&standing, former)?;
        }
        if member.role == role {
            return Ok(Done::AlreadySo);
        }
        put_role(tx, room, account, &member, role)?;
        if parting == Parting::KeepAnOwner && former.has(Permission::SetRole) {
            require_keeper(tx, &settings, room)?;
        }
        let by = Some(standing.account);
        let what = What::MemberRoleChanged { room, account, role, by };
        event_log::record(tx, now, Audience::room(room), what)?;
        audit::record(
            tx,
            now,
            &caller,
            Verb::MemberRoleChanged,
            &format!("room {room}"),
            &format!("account {account} role {role}"),
        )?;
        Ok(Done::Done)
    })
}

/// Fails with `Refused(LastOwner)` when nobody but this account can set roles in the room while others would stay.
pub(crate) fn require_successor(
    r: &impl Read,
    settings: &Settings,
    room: RoomId,
    row: &RoomRow,
    leaving: AccountId,
) -> Result<()> {
    if row.kind == crate::rooms::RoomKind::Private || members::counts(r, room)?.members <= 1 {
        return Ok(());
    }
    if has_keeper(r, settings, room, Some(leaving))? { Ok(()) } else { Err(Error::Refused(Reason::LastOwner)) }
}

fn require_keeper(r: &impl Read, settings: &Settings, room: RoomId) -> Result<()> {
    if has_keeper(r, settings, room, None)? { Ok(()) } else { Err(Error::Refused(Reason::LastOwner)) }
}

/// Whether a member, other than `but`, holds the right to set roles. Asks role by role, two holders each, so the number of
/// members does not matter.
fn has_keeper(r: &impl Read, settings: &Settings, room: RoomId, but: Option<AccountId>) -> Result<bool> {
    let own = ROLES_BY_ROOM.keys(r, &room, None, Order::Ascending, ROOM_OWN_ROLES_MAX)?;
    for role in BUILT_IN.into_iter().chain(own.into_iter().map(|(_, role)| role)) {
        if !held(r, settings, room, role)?.has(Permission::SetRole) {
            continue;
        }
        let holders = MEMBERS_BY_ROLE.keys(r, &(room, role), None, Order::Ascending, 2)?;
        if holders.into_iter().any(|(_, _, account)| Some(account) != but) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The caller as a member of a group. In a private room the two are equals for good: fails with `Refused(RoomKind)`.
fn require_in_group(r: &impl Read, settings: &Settings, caller: &Caller, room: RoomId) -> Result<Standing> {
    let standing = members::require(r, settings, caller, room)?;
    members::require_group(&standing.row)?;
    Ok(standing)
}

fn require_may_give(standing: &Standing, permissions: Permissions) -> Result<()> {
    require(standing, Permission::SetRole)?;
    // What the setting masks for plain members can still be handed to them: it is the same built-in role for everybody.
    let missing = permissions.without(Permission::RecallOthers).iter().find(|p| !standing.permissions.has(*p));
    missing.map_or(Ok(()), |permission| Err(permission.denied()))
}

/// What a role of this room allows. Fails with `NotFound(Role)`, also for roles of other rooms.
fn permissions_of(r: &impl Read, room: RoomId, role: RoleId) -> Result<Permissions> {
    match built_in(role) {
        Some(role) => Ok(role.permissions),
        None => own_row(r, room, role).map(|row| row.permissions),
    }
}

fn own_role(r: &impl Read, room: RoomId, role: RoleId) -> Result<RoleRow> {
    if built_in(role).is_some() {
        return Err(Error::Refused(Reason::BuiltIn));
    }
    own_row(r, room, role)
}

fn own_row(r: &impl Read, room: RoomId, role: RoleId) -> Result<RoleRow> {
    let row = ROLE_BY_ID.get(r, &role)?.filter(|row| row.room == room);
    row.ok_or(Error::NotFound(Thing::Role))
}

fn put_role(tx: &mut Tx<'_>, room: RoomId, account: AccountId, member: &MemberRow, role: RoleId) -> Result<()> {
    MEMBERS_BY_ROLE.remove(tx, &(room, member.role, account))?;
    MEMBERS_BY_ROLE.put(tx, &(room, role, account), &())?;
    MEMBER_BY_ROOM.put(tx, &(room, account), &MemberRow { role, ..*member })?;
    Ok(())
}

fn note(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, verb: Verb, place: (RoomId, RoleId)) -> Result<()> {
    audit::record(tx, now, caller, verb, &format!("room {}", place.0), &format!("role {}", place.1))
}

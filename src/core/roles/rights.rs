//! The named checks with which operations on rooms begin: what the caller is in a room, and whether that is enough.

use chatelaine_store::Read;

use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Reason, Result, Thing};
use crate::ids::{AccountId, RoleId, RoomId};
use crate::roles::role::{MEMBER, Permission, Permissions, built_in};
use crate::rooms::{MemberRow, RoomKind, RoomRow, members};
use crate::schema::ROLE_BY_ID;
use crate::server_roles::{self, ServerPermission};
use crate::settings::Settings;

/// A member who asks for something in his room.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The room.
    pub room: RoomId,
    /// What is stored of it.
    pub row: RoomRow,
    /// Who asks.
    pub account: AccountId,
    /// His membership.
    pub member: MemberRow,
    /// What his role allows him at present.
    pub permissions: Permissions,
}

/// Somebody who acts on a room: by a role in it, or by a permission on the whole server.
#[derive(Clone, Debug)]
pub struct Acting {
    /// What is stored of the room.
    pub row: RoomRow,
    /// The account; none for the operator.
    pub by: Option<AccountId>,
    /// What he may do here; everything for who looks after all rooms.
    pub permissions: Permissions,
}

impl From<Standing> for Acting {
    fn from(standing: Standing) -> Self {
        Acting { row: standing.row, by: Some(standing.account), permissions: standing.permissions }
    }
}

/// What a role allows in a room at present. The setting `rooms.members_recall_others` decides whether the built-in member
/// role's second permission counts: one protocol lists it there, yet few hosts want every guest to remove others' words.
pub fn held(r: &impl Read, settings: &Settings, room: RoomId, role: RoleId) -> Result<Permissions> {
    if let Some(role) = built_in(role) {
        let masked = role.id == MEMBER && !settings.rooms.members_recall_others;
        let all = role.permissions;
        return Ok(if masked { all.without(Permission::RecallOthers) } else { all });
    }
    match ROLE_BY_ID.get(r, &role)? {
        Some(row) if row.room == room => Ok(row.permissions),
        Some(_) | None => Err(Error::internal(&format!("room {room} has a member with the strange role {role}"))),
    }
}

/// As [`held`], for a member: in a private room both own the room, yet neither rules over the other's words.
pub fn held_by(
    r: &impl Read,
    settings: &Settings,
    room: (RoomId, &RoomRow),
    member: &MemberRow,
) -> Result<Permissions> {
    let all = held(r, settings, room.0, member.role)?;
    let masked = room.1.kind == RoomKind::Private && !settings.rooms.members_recall_others;
    Ok(if masked { all.without(Permission::RecallOthers) } else { all })
}

/// Whether somebody is a member of the room whose role allows it.
pub fn may(core: &Core, room: RoomId, account: AccountId, permission: Permission) -> Result<bool> {
    let settings = core.settings();
    core.read(|view| {
        let Some(member) = members::find(view, room, account)? else { return Ok(false) };
        let row = members::room_row(view, room)?;
        Ok(held_by(view, &settings, (room, &row), &member)?.has(permission))
    })
}

/// What a role is called in the room.
pub fn name_of(r: &impl Read, role: RoleId) -> Result<String> {
    if let Some(role) = built_in(role) {
        return Ok(role.name);
    }
    Ok(ROLE_BY_ID.get(r, &role)?.map(|row| row.name).unwrap_or_default())
}

/// Passes when the member's role allows it, else fails with `Denied(Room(number))`.
pub fn require(standing: &Standing, permission: Permission) -> Result<()> {
    if standing.permissions.has(permission) { Ok(()) } else { Err(permission.denied()) }
}

/// Passes for a member whose role allows it, and for whoever looks after all rooms of the server.
/// Fails with `NotFound(Room)`, `Refused(NotAMember)` or `Denied(Room(number))`.
pub fn require_here_or_everywhere(
    r: &impl Read,
    settings: &Settings,
    caller: &Caller,
    room: RoomId,
    permission: Permission,
) -> Result<Acting> {
    let here = members::require(r, settings, caller, room).and_then(|standing| {
        require(&standing, permission)?;
        Ok(Acting::from(standing))
    });
    here.or_else(|lacking| everywhere(r, caller, room, lacking))
}

/// Passes for every member, and for whoever looks after all rooms of the server.
/// Fails with `NotFound(Room)` or `Refused(NotAMember)`.
pub fn require_seen(r: &impl Read, settings: &Settings, caller: &Caller, room: RoomId) -> Result<Acting> {
    let here = members::require(r, settings, caller, room).map(Acting::from);
    here.or_else(|lacking| everywhere(r, caller, room, lacking))
}

fn everywhere(r: &impl Read, caller: &Caller, room: RoomId, lacking: Error) -> Result<Acting> {
    let is_about_rights = matches!(
        lacking,
        // A room that is hidden from others is not hidden from them.
        Error::NotFound(Thing::Room) | Error::Refused(Reason::NotAMember | Reason::NotAPerson) | Error::Denied(_)
    );
    if !is_about_rights || !server_roles::may(r, caller, ServerPermission::ManageRooms)? {
        return Err(lacking);
    }
    let row = members::room_row(r, room)?;
    Ok(Acting { row, by: caller.account_id(), permissions: Permissions::ALL })
}

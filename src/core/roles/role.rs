//! What a role is: a name and a set of permissions inside one room, and the three roles that every room has.
//!
//! The numbers of permissions and of the built-in roles are part of a wire protocol and never change.
//! Who may hand roles out lives in `granting.rs`; what a permission opens is asked in `rights.rs`.

use chatelaine_store::Row;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Field, Flaw, Result, Right};
use crate::ids::{RoleId, RoomId};
use crate::limits::{ROLE_DESCRIPTION_CHARS_MAX, ROLE_NAME_CHARS_MAX};

/// One thing that a role allows in a room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Permission {
    /// To send messages.
    SendMessage,
    /// To recall messages of others.
    RecallOthers,
    /// To ban people.
    Ban,
    /// To lift bans.
    Unban,
    /// To remove members.
    Kick,
    /// To change the title, and how the room is entered and used.
    SetTitle,
    /// To change the picture.
    SetAvatar,
    /// To change the description.
    SetDescription,
    /// To delete the room.
    DeleteRoom,
    /// To make roles and hand them out.
    SetRole,
    /// To mute people.
    Mute,
    /// To lift mutes.
    Unmute,
    /// To answer requests to join.
    AcceptJoin,
    /// To switch end-to-end encryption on and off.
    Encrypt,
}

impl Permission {
    /// All of them, in the order of their numbers.
    pub const ALL: [Permission; 14] = [
        Permission::SendMessage,
        Permission::RecallOthers,
        Permission::Ban,
        Permission::Unban,
        Permission::Kick,
        Permission::SetTitle,
        Permission::SetAvatar,
        Permission::SetDescription,
        Permission::DeleteRoom,
        Permission::SetRole,
        Permission::Mute,
        Permission::Unmute,
        Permission::AcceptJoin,
        Permission::Encrypt,
    ];

    /// Its number, 1 to 14, as protocols write it.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The permission of that number. Fails with `Invalid(Permissions, Unknown)` outside 1 to 14.
    pub fn from_number(number: u64) -> Result<Self> {
        Permission::ALL
            .into_iter()
            .find(|permission| u64::from(permission.number()) == number)
            .ok_or(Error::Invalid(Field::Permissions, Flaw::Unknown))
    }

    /// The refusal for somebody who lacks it.
    pub const fn denied(self) -> Error {
        Error::Denied(Right::Room(self.number()))
    }

    const fn bit(self) -> u16 {
        1 << (self as u16)
    }
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Permissions(u16);

impl Permissions {
    /// None at all.
    pub const NONE: Permissions = Permissions(0);
    /// Every one.
    pub const ALL: Permissions = Permissions((1 << Permission::ALL.len()) - 1);

    /// Exactly these; repeats count once.
    pub fn of(list: &[Permission]) -> Self {
        Permissions(list.iter().fold(0, |bits, permission| bits | permission.bit()))
    }

    /// Whether it is among them.
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// The same set without one.
    #[must_use]
    pub const fn without(self, permission: Permission) -> Self {
        Permissions(self.0 & !permission.bit())
    }

    /// Whether all of `other` are among them.
    pub const fn covers(self, other: Permissions) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether its holder looks after the room: rules for plain members (who may speak, list, invite) do not bind him.
    /// The right to remove members is the mark, because both protocols with administrators give it to exactly those.
    pub const fn is_steward(self) -> bool {
        self.has(Permission::Kick)
    }

    /// Its members in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.has(*permission))
    }
}

/// Rows hold the bits; a list of names would make each role row three times as long.
impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.0)
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let bits = u16::deserialize(deserializer)?;
        if bits & !Permissions::ALL.0 == 0 {
            Ok(Permissions(bits))
        } else {
            Err(serde::de::Error::custom("unknown permission bits"))
        }
    }
}

/// The built-in role of whoever joins.
pub const MEMBER: RoleId = RoleId::new(1);
/// The built-in role of those who look after a room.
pub const ADMIN: RoleId = RoleId::new(2);
/// The built-in role of whoever opened the room.
pub const OWNER: RoleId = RoleId::new(3);
/// The built-in roles take these numbers, rooms' own roles the ones after.
pub const BUILT_IN: [RoleId; 3] = [MEMBER, ADMIN, OWNER];

/// A role as it is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoleView {
    /// Its number.
    pub id: RoleId,
    /// The room that made it; none for the built-in ones.
    pub room: Option<RoomId>,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it allows.
    pub permissions: Permissions,
}

/// One of the three roles that every room has; none for another number.
pub fn built_in(id: RoleId) -> Option<RoleView> {
    use Permission as P;
    let (name, description, permissions) = match id {
        MEMBER => ("member", "takes part", Permissions::of(&[P::SendMessage, P::RecallOthers])),
        ADMIN => (
            "admin",
            "looks after the room",
            Permissions::of(&[
                P::SendMessage,
                P::RecallOthers,
                P::Ban,
                P::Unban,
                P::Kick,
                P::Mute,
                P::Unmute,
                P::AcceptJoin,
                P::Encrypt,
            ]),
        ),
        OWNER => ("owner", "may do everything in the room", Permissions::ALL),
        _ => return None,
    };
    Some(RoleView { id, room: None, name: name.to_owned(), description: description.to_owned(), permissions })
}

/// A stored role of a room's own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoleRow {
    /// The room it belongs to.
    pub room: RoomId,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it allows.
    pub permissions: Permissions,
}

impl Row for RoleRow {}

impl RoleRow {
    /// The role as it is read.
    pub fn view(self, id: RoleId) -> RoleView {
        RoleView {
            id,
            room: Some(self.room),
            name: self.name,
            description: self.description,
            permissions: self.permissions,
        }
    }
}

/// A trimmed role name. Fails with `Invalid(RoleName, ..)` when blank or too long.
pub fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::Invalid(Field::RoleName, Flaw::Empty));
    }
    if name.chars().count() > ROLE_NAME_CHARS_MAX {
        return Err(Error::Invalid(Field::RoleName, Flaw::TooLong));
    }
    Ok(name.to_owned())
}

/// A role's description. Fails with `Invalid(Description, TooLong)`.
pub fn checked_description(description: String) -> Result<String> {
    if description.chars().count() > ROLE_DESCRIPTION_CHARS_MAX {
        return Err(Error::Invalid(Field::Description, Flaw::TooLong));
    }
    Ok(description)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(id: RoleId) -> Vec<u8> {
        built_in(id).unwrap().permissions.iter().map(Permission::number).collect()
    }

    #[test]
    fn the_built_in_roles_hold_exactly_what_the_protocol_lists() {
        assert_eq!(numbers(MEMBER), [1, 2]);
        assert_eq!(numbers(ADMIN), [1, 2, 3, 4, 5, 11, 12, 13, 14]);
        assert_eq!(numbers(OWNER), (1..=14).collect::<Vec<u8>>());
        assert_eq!(built_in(RoleId::new(4)), None);
    }

    #[test]
    fn permission_numbers_run_from_1_to_14() {
        for number in 1..=14 {
            assert_eq!(u64::from(Permission::from_number(number).unwrap().number()), number);
        }
        for number in [0, 15, u64::MAX] {
            assert_eq!(Permission::from_number(number), Err(Error::Invalid(Field::Permissions, Flaw::Unknown)));
        }
    }

    #[test]
    fn sets_cover_their_parts_only() {
        let few = Permissions::of(&[Permission::Kick, Permission::Kick]);
        assert!(Permissions::ALL.covers(few));
        assert!(!few.covers(Permissions::ALL));
        assert!(few.is_steward());
        assert_eq!(few.without(Permission::Kick), Permissions::NONE);
    }

    #[test]
    fn a_role_needs_a_name_of_bounded_length() {
        assert_eq!(checked_name("  "), Err(Error::Invalid(Field::RoleName, Flaw::Empty)));
        assert_eq!(checked_name(" cook "), Ok("cook".to_owned()));
        let long = "x".repeat(ROLE_NAME_CHARS_MAX);
        assert!(checked_name(&long).is_ok());
        assert_eq!(checked_name(&(long + "x")), Err(Error::Invalid(Field::RoleName, Flaw::TooLong)));
    }
}

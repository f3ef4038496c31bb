//! The permissions that a role on the server can hold, and sets of them.
//! The first nine numbers are those of the protocol that knows most of them; none ever changes, since rows hold them as bits.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Field, Flaw, Result};

/// One thing that a role on the server allows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
#[repr(u8)]
pub enum ServerPermission {
    /// Speak to everyone.
    PublishAnnouncement = 1,
    /// Lock, unlock and close accounts.
    BanUser = 2,
    /// Silence an account in every room.
    MuteUser = 3,
    /// See the settings.
    ViewConfiguration = 4,
    /// Change the settings.
    ModifyConfiguration = 5,
    /// See how the server is doing, and the audit trail.
    ViewMonitoring = 6,
    /// See the list of accounts.
    ViewUsers = 7,
    /// Look into, put out of and delete every room.
    ManageRooms = 8,
    /// Give and take roles on the server.
    AssignRole = 9,
    /// Bind and release machines of others, mark accounts and lift marks.
    ManageMachines = 10,
    /// Report checks of machines of others, and mark accounts: for the service that does the checking.
    ReportChecks = 11,
}

impl ServerPermission {
    /// Every permission, in the order of the numbers.
    pub const ALL: [ServerPermission; 11] = [
        ServerPermission::PublishAnnouncement,
        ServerPermission::BanUser,
        ServerPermission::MuteUser,
        ServerPermission::ViewConfiguration,
        ServerPermission::ModifyConfiguration,
        ServerPermission::ViewMonitoring,
        ServerPermission::ViewUsers,
        ServerPermission::ManageRooms,
        ServerPermission::AssignRole,
        ServerPermission::ManageMachines,
        ServerPermission::ReportChecks,
    ];

    /// Its number, from 1.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The permission of a number. Fails with `Invalid(Permissions, Unknown)`.
    pub fn parse(number: u64) -> Result<Self> {
        let known = Self::ALL.into_iter();
        known
            .into_iter()
            .find(|p| u64::from(p.number()) == number)
            .ok_or(Error::Invalid(Field::Permissions, Flaw::Unknown))
    }

    /// The name by which our own API and the command line call it.
    pub const fn name(self) -> &'static str {
        match self {
            ServerPermission::PublishAnnouncement => "publish_announcement",
            ServerPermission::BanUser => "ban_user",
            ServerPermission::MuteUser => "mute_user",
            ServerPermission::ViewConfiguration => "view_configuration",
            ServerPermission::ModifyConfiguration => "modify_configuration",
            ServerPermission::ViewMonitoring => "view_monitoring",
            ServerPermission::ViewUsers => "view_users",
            ServerPermission::ManageRooms => "manage_rooms",
            ServerPermission::AssignRole => "assign_role",
            ServerPermission::ManageMachines => "manage_machines",
            ServerPermission::ReportChecks => "report_checks",
        }
    }

    /// The permission of a name, if there is one.
    pub fn find_by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerPermissions(u64);

impl ServerPermissions {
    /// No permission.
    pub const NONE: ServerPermissions = ServerPermissions(0);

    /// Every permission.
    pub fn all() -> Self {
        Self::of(&ServerPermission::ALL)
    }

    /// These permissions.
    pub fn of(permissions: &[ServerPermission]) -> Self {
        Self(permissions.iter().fold(0, |bits, p| bits | (1 << p.number())))
    }

    /// Whether the permission is in the set.
    pub const fn has(self, permission: ServerPermission) -> bool {
        self.0 & (1 << permission.number()) != 0
    }

    /// Whether every permission of `other` is in this set.
    pub const fn covers(self, other: ServerPermissions) -> bool {
        other.0 & !self.0 == 0
    }

    /// The permissions in order.
    pub fn list(self) -> Vec<ServerPermission> {
        let all = ServerPermission::ALL.into_iter();
        all.filter(|p| self.has(*p)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_is_found_by_its_number_and_name() {
        for permission in ServerPermission::ALL {
            assert_eq!(ServerPermission::parse(permission.number().into()), Ok(permission));
            assert_eq!(ServerPermission::find_by_name(permission.name()), Some(permission));
        }
        assert!(ServerPermission::parse(0).is_err());
        assert!(ServerPermission::parse(12).is_err());
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set = ServerPermissions::of(&[ServerPermission::BanUser, ServerPermission::ViewUsers]);
        assert_eq!(set.list(), [ServerPermission::BanUser, ServerPermission::ViewUsers]);
        assert!(ServerPermissions::all().covers(set));
        assert!(!set.covers(ServerPermissions::all()));
    }
}

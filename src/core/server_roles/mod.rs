//! Roles on the server: what an account may do beyond its own rooms. Role 1 is the built-in administrator with every
//! permission; others are made by those who may assign. An account holds at most one. A role holds over everybody, or only over
//! the members of its holder's organisation (`power.rs`). The operator holds every permission without an account, and the last
//! administrator can be neither revoked nor closed nor locked.

mod granting;
mod permission;
mod power;
#[cfg(test)]
mod tests;

use chatelaine_store::{Read, Row};
use serde::{Deserialize, Serialize};

pub use granting::{
    NewServerRole, ServerRoleChange, change, find_by_name, grant, held_by, list, list_openly, make, remove, revoke,
    revoke_role,
};
pub(crate) use granting::{of_everybody, require_may_place};
pub use permission::{ServerPermission, ServerPermissions};
pub use power::{Power, Reach, Scope, may, may_look, power_held, power_of, reach, require, require_over};

use crate::error::Result;
use crate::ids::ServerRoleId;
use crate::schema::{SCOPE_BY_SERVER_ROLE, SERVER_ROLE_BY_ID};

/// The built-in administrator.
pub const ADMINISTRATOR: ServerRoleId = ServerRoleId::new(1);

/// A role on the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerRole {
    /// Its number.
    pub id: ServerRoleId,
    /// Its name, unique among the roles.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it allows.
    pub permissions: ServerPermissions,
    /// Over whom.
    pub scope: Scope,
}

/// A role as it is stored; over whom it holds lies apart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServerRoleRow {
    id: ServerRoleId,
    name: String,
    description: String,
    permissions: ServerPermissions,
}

impl Row for ServerRoleRow {}

impl ServerRole {
    fn of(r: &impl Read, row: ServerRoleRow) -> Result<Self> {
        let ServerRoleRow { id, name, description, permissions } = row;
        let scope = SCOPE_BY_SERVER_ROLE.get(r, &id)?.unwrap_or_default();
        Ok(Self { id, name, description, permissions, scope })
    }

    fn row(&self) -> ServerRoleRow {
        let (name, description) = (self.name.clone(), self.description.clone());
        ServerRoleRow { id: self.id, name, description, permissions: self.permissions }
    }
}

/// A role by its number.
pub fn find_role(r: &impl Read, id: ServerRoleId) -> Result<Option<ServerRole>> {
    if id == ADMINISTRATOR {
        return Ok(Some(administrator()));
    }
    SERVER_ROLE_BY_ID.get(r, &id)?.map(|row| ServerRole::of(r, row)).transpose()
}

/// The built-in role is code, not a row: it can neither be damaged nor lose a permission.
fn administrator() -> ServerRole {
    ServerRole {
        id: ADMINISTRATOR,
        name: "admin".into(),
        description: "administrator".into(),
        permissions: ServerPermissions::all(),
        scope: Scope::Everybody,
    }
}

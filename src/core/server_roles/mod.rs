//! Roles on the server: what an account may do beyond its own rooms. Role 1 is the built-in administrator with every
//! permission; others are made by those who may assign. An account holds at most one. The operator holds every permission
//! without an account, and the last administrator can be neither revoked nor closed nor locked.

mod granting;
mod permission;
#[cfg(test)]
mod tests;

use chatelaine_store::{Read, Row};
use serde::{Deserialize, Serialize};

pub use granting::{
    NewServerRole, ServerRoleChange, change, find_by_name, grant, held_by, list, list_openly, make, remove, revoke,
    revoke_role,
};
pub use permission::{ServerPermission, ServerPermissions};

use crate::accounts;
use crate::caller::{Caller, Who};
use crate::error::{Error, Result, Right, SignInFlaw, Thing};
use crate::ids::{AccountId, ServerRoleId};
use crate::schema::SERVER_ROLE_BY_ID;

/// The built-in administrator.
pub const ADMINISTRATOR: ServerRoleId = ServerRoleId::new(1);

/// A role on the server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServerRole {
    /// Its number.
    pub id: ServerRoleId,
    /// Its name, unique among the roles.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it allows.
    pub permissions: ServerPermissions,
}

impl Row for ServerRole {}

/// Passes for callers that hold the permission, else fails with `Denied(Server(..))`; who has not signed in hears `SignIn(Missing)`.
pub fn require(r: &impl Read, caller: &Caller, permission: ServerPermission) -> Result<()> {
    match caller.who {
        Who::Operator | Who::System => Ok(()),
        Who::Anonymous => Err(Error::SignIn(SignInFlaw::Missing)),
        Who::Account(account) if permissions_of(r, account)?.has(permission) => Ok(()),
        Who::Account(_) => Err(Error::Denied(Right::Server(permission))),
    }
}

/// As [`require`], over somebody: nobody acts on an account that holds a permission they lack themselves.
pub fn require_over(r: &impl Read, caller: &Caller, permission: ServerPermission, over: AccountId) -> Result<()> {
    require(r, caller, permission)?;
    let Who::Account(account) = caller.who else { return Ok(()) };
    if permissions_of(r, account)?.covers(permissions_of(r, over)?) {
        Ok(())
    } else {
        Err(Error::Denied(Right::OtherAccount))
    }
}

/// Whether the caller holds the permission.
pub fn may(r: &impl Read, caller: &Caller, permission: ServerPermission) -> Result<bool> {
    match require(r, caller, permission) {
        Ok(()) => Ok(true),
        Err(Error::Denied(_) | Error::SignIn(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// What an account may do on the server. Accounts that are closed, or not there, may nothing.
pub fn permissions_of(r: &impl Read, account: AccountId) -> Result<ServerPermissions> {
    match accounts::get(r, account) {
        Ok(account) => permissions_held(r, &account),
        Err(Error::NotFound(Thing::Account)) => Ok(ServerPermissions::NONE),
        Err(other) => Err(other),
    }
}

/// As [`permissions_of`], for who has the account at hand.
pub fn permissions_held(r: &impl Read, account: &accounts::Account) -> Result<ServerPermissions> {
    match account.server_role {
        Some(role) if !account.is_closed() => {
            Ok(find_role(r, role)?.map_or(ServerPermissions::NONE, |role| role.permissions))
        }
        Some(_) | None => Ok(ServerPermissions::NONE),
    }
}

/// A role by its number.
pub fn find_role(r: &impl Read, id: ServerRoleId) -> Result<Option<ServerRole>> {
    if id == ADMINISTRATOR {
        return Ok(Some(administrator()));
    }
    Ok(SERVER_ROLE_BY_ID.get(r, &id)?)
}

/// The built-in role is code, not a row: it can neither be damaged nor lose a permission.
fn administrator() -> ServerRole {
    ServerRole {
        id: ADMINISTRATOR,
        name: "admin".into(),
        description: "administrator".into(),
        permissions: ServerPermissions::all(),
    }
}

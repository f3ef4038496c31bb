//! Making, changing and giving roles on the server. Nobody hands out what they do not hold: who assigns roles can only give,
//! take, make and change roles whose every permission is also theirs, over whomever the role holds. Who looks after one
//! organisation alone assigns nothing. The last administrator stays one.

use chatelaine_store::{Order, Read};

use super::{
    ADMINISTRATOR, Scope, ServerPermission, ServerPermissions, ServerRole, administrator, find_role, power_of,
};
use crate::accounts::{self, Account, index};
use crate::audit::{self, Verb};
use crate::caller::{Caller, Who};
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Right, Thing, Unique};
use crate::event::{Audience, What};
use crate::event_log;
use crate::ids::{AccountId, ServerRoleId};
use crate::limits::{ROLE_DESCRIPTION_CHARS_MAX, ROLE_NAME_CHARS_MAX, SERVER_ROLES_MAX};
use crate::machines::allowances;
use crate::machines::notices::{self, NoticeKind};
use crate::page::Done;
use crate::schema::{ACCOUNTS_BY_SERVER_ROLE, SCOPE_BY_SERVER_ROLE, SERVER_ROLE_BY_ID, SERVER_ROLES};
use crate::{Core, Tx};

/// What a new role is made of.
#[derive(Clone, Debug)]
pub struct NewServerRole {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it allows.
    pub permissions: ServerPermissions,
    /// Over whom.
    pub scope: Scope,
}

/// Which parts of a role change; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct ServerRoleChange {
    /// Another name.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Other permissions.
    pub permissions: Option<ServerPermissions>,
    /// Over somebody else.
    pub scope: Option<Scope>,
}

/// Lists all roles, the built-in one first. Needs the permission to view users.
pub fn list(core: &Core, caller: &Caller) -> Result<Vec<ServerRole>> {
    core.read(|view| {
        super::require(view, caller, ServerPermission::ViewUsers)?;
        all(view)
    })
}

fn all(r: &impl Read) -> Result<Vec<ServerRole>> {
    let rows = SERVER_ROLE_BY_ID.list(r, &(), None, Order::Ascending, SERVER_ROLES_MAX)?;
    let own = rows.into_iter().map(|(_, row)| ServerRole::of(r, row));
    std::iter::once(Ok(administrator())).chain(own).collect()
}

/// The roles that give a permission over everybody.
pub(crate) fn of_everybody(r: &impl Read, permission: ServerPermission) -> Result<Vec<ServerRoleId>> {
    let gives = |role: &ServerRole| role.scope == Scope::Everybody && role.permissions.has(permission);
    Ok(all(r)?.into_iter().filter(gives).map(|role| role.id).collect())
}

/// The role of a name. Needs the permission to view users. Fails with `NotFound(ServerRole)`.
pub fn find_by_name(core: &Core, caller: &Caller, name: &str) -> Result<ServerRole> {
    let roles = list(core, caller)?;
    roles.into_iter().find(|role| role.name == name.trim()).ok_or(Error::NotFound(Thing::ServerRole))
}

/// Makes a role. Needs the permission to assign roles. Fails with `Taken(RoleName)` or `OverLimit(Roles)`.
pub fn make(core: &Core, caller: &Caller, new: NewServerRole) -> Result<ServerRole> {
    let (name, description) = (check_name(&new.name)?, check_description(&new.description)?);
    let now = core.now();
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        require_assign(tx, &caller_again, new.permissions)?;
        let known = all(tx)?;
        require_free_name(&known, &name, None)?;
        if known.len() >= SERVER_ROLES_MAX {
            return Err(Error::OverLimit(Limit::Roles));
        }
        tx.count_past(&SERVER_ROLES, ADMINISTRATOR.get())?;
        let id = ServerRoleId::new(tx.count_up(&SERVER_ROLES)?);
        let (name, description) = (name.clone(), description.clone());
        let role = ServerRole { id, name, description, permissions: new.permissions, scope: new.scope };
        put(tx, &role)?;
        audit::record(tx, now, &caller_again, Verb::ServerRoleMade, &format!("server role {id}"), told(role.scope))?;
        Ok(role)
    })
}

fn put(tx: &mut Tx<'_>, role: &ServerRole) -> Result<()> {
    SERVER_ROLE_BY_ID.put(tx, &role.id, &role.row())?;
    match role.scope {
        Scope::Everybody => Ok(SCOPE_BY_SERVER_ROLE.remove(tx, &role.id)?),
        Scope::OwnOrganisation => Ok(SCOPE_BY_SERVER_ROLE.put(tx, &role.id, &role.scope)?),
    }
}

/// What the trail says of a role's scope.
const fn told(scope: Scope) -> &'static str {
    match scope {
        Scope::Everybody => "",
        Scope::OwnOrganisation => "own organisation",
    }
}

/// Changes a role for all who hold it. Needs the permission to assign roles and all that the role allows, before and after.
pub fn change(core: &Core, caller: &Caller, id: ServerRoleId, change: ServerRoleChange) -> Result<ServerRole> {
    let name = change.name.as_deref().map(check_name).transpose()?;
    let description = change.description.as_deref().map(check_description).transpose()?;
    let now = core.now();
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        let mut role = own_role(tx, id)?;
        require_assign(tx, &caller_again, role.permissions)?;
        require_assign(tx, &caller_again, change.permissions.unwrap_or_default())?;
        if let Some(name) = &name {
            require_free_name(&all(tx)?, name, Some(id))?;
            role.name.clone_from(name);
        }
        role.description = description.clone().unwrap_or(role.description);
        role.permissions = change.permissions.unwrap_or(role.permissions);
        role.scope = change.scope.unwrap_or(role.scope);
        put(tx, &role)?;
        audit::record(tx, now, &caller_again, Verb::ServerRoleChanged, &format!("server role {id}"), told(role.scope))?;
        Ok(role)
    })
}

/// Removes a role that nobody holds. Fails with `Refused(BuiltIn)`, `Refused(InUse)` or `NotFound(ServerRole)`.
pub fn remove(core: &Core, caller: &Caller, id: ServerRoleId) -> Result<()> {
    let now = core.now();
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        let role = own_role(tx, id)?;
        require_assign(tx, &caller_again, role.permissions)?;
        if ACCOUNTS_BY_SERVER_ROLE.first(tx, &id)?.is_some() {
            return Err(Error::Refused(Reason::InUse));
        }
        SERVER_ROLE_BY_ID.remove(tx, &id)?;
        SCOPE_BY_SERVER_ROLE.remove(tx, &id)?;
        allowances::role_removed(tx, id)?;
        audit::record(tx, now, &caller_again, Verb::ServerRoleRemoved, &format!("server role {id}"), "")
    })
}

/// Gives an account a role, in place of any other. Needs the permission to assign roles.
pub fn grant(core: &Core, caller: &Caller, account: AccountId, role: ServerRoleId) -> Result<Done> {
    let now = core.now();
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        super::require(tx, &caller_again, ServerPermission::AssignRole)?;
        accounts::get_open(tx, account)?;
        let allowed = find_role(tx, role)?.ok_or(Error::NotFound(Thing::ServerRole))?.permissions;
        require_assign(tx, &caller_again, allowed)?;
        assign(tx, now, &caller_again, account, Some(role))
    })
}

/// Takes an account's role. Needs the permission to assign roles. Fails with `Refused(LastAdministrator)`.
pub fn revoke(core: &Core, caller: &Caller, account: AccountId) -> Result<Done> {
    let now = core.now();
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        require_assign(tx, &caller_again, ServerPermissions::NONE)?;
        assign(tx, now, &caller_again, account, None)
    })
}

/// Takes this role from an account, if it has it; anything else, or nobody, stays as it is. Needs the permission to assign
/// roles. Fails with `Refused(LastAdministrator)`.
pub fn revoke_role(core: &Core, caller: &Caller, account: AccountId, role: ServerRoleId) -> Result<Done> {
    let now = core.now();
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        require_assign(tx, &caller_again, ServerPermissions::NONE)?;
        if role_of(tx, account)? != Some(role) {
            return Ok(Done::AlreadySo);
        }
        assign(tx, now, &caller_again, account, None)
    })
}

/// The role of an account, for protocols that show it to whoever has signed in; none for nobody.
pub fn held_by(core: &Core, caller: &Caller, account: AccountId) -> Result<Option<ServerRoleId>> {
    caller.require_account()?;
    core.read(|view| role_of(view, account))
}

fn role_of(r: &impl Read, account: AccountId) -> Result<Option<ServerRoleId>> {
    match accounts::get(r, account) {
        Ok(account) => Ok(account.server_role),
        Err(Error::NotFound(Thing::Account)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Every role, for protocols that show them to whoever has signed in.
pub fn list_openly(core: &Core, caller: &Caller) -> Result<Vec<ServerRole>> {
    caller.require_account()?;
    core.read(|view| all(view))
}

fn assign(
    tx: &mut Tx<'_>,
    now: Stamp,
    caller: &Caller,
    account: AccountId,
    role: Option<ServerRoleId>,
) -> Result<Done> {
    // A role is taken by this as well as given; what is taken must be the caller's to give too.
    require_assign(tx, caller, power_of(tx, account)?.permissions)?;
    let old = accounts::get_open(tx, account)?;
    if old.server_role == role {
        return Ok(Done::AlreadySo);
    }
    if old.server_role == Some(ADMINISTRATOR) && !index::has_other_administrator(tx, account)? {
        return Err(Error::Refused(Reason::LastAdministrator));
    }
    let new = Account { server_role: role, updated_at: now, ..old.clone() };
    index::replace(tx, &old, &new)?;
    notices::tell_each(tx, now, account, NoticeKind::RoleChanged)?;
    let verb = if role.is_some() { Verb::ServerRoleGranted } else { Verb::ServerRoleRevoked };
    let detail = role.map(|role| format!("server role {role}")).unwrap_or_default();
    audit::record(tx, now, caller, verb, &format!("account {account}"), &detail)?;
    event_log::record(tx, now, Audience::account(account), What::AccountChanged { account })?;
    Ok(Done::Done)
}

/// Passes for who may assign roles and holds at least these permissions. Fails with `Denied(Server(..))`, naming one that is missing.
fn require_assign(r: &impl Read, caller: &Caller, permissions: ServerPermissions) -> Result<()> {
    super::require(r, caller, ServerPermission::AssignRole)?;
    let Who::Account(account) = caller.who else { return Ok(()) };
    let held = power_of(r, account)?.over_everybody();
    match permissions.list().into_iter().find(|permission| !held.has(*permission)) {
        Some(missing) => Err(Error::Denied(Right::Server(missing))),
        None => Ok(()),
    }
}

/// Passes for who may say to which organisation an account belongs: who may assign roles and holds all that the account may. To put
/// it into one hands it to the administrators there, so all that such roles allow has to be the caller's to give, too.
pub(crate) fn require_may_place(r: &impl Read, caller: &Caller, account: AccountId, into: bool) -> Result<()> {
    require_assign(r, caller, power_of(r, account)?.permissions)?;
    let limited = if into { all(r)? } else { Vec::new() };
    let mut limited = limited.into_iter().filter(|role| role.scope == Scope::OwnOrganisation);
    limited.try_for_each(|role| require_assign(r, caller, role.permissions))
}

fn own_role(r: &impl Read, id: ServerRoleId) -> Result<ServerRole> {
    if id == ADMINISTRATOR {
        return Err(Error::Refused(Reason::BuiltIn));
    }
    find_role(r, id)?.ok_or(Error::NotFound(Thing::ServerRole))
}

fn require_free_name(known: &[ServerRole], name: &str, own: Option<ServerRoleId>) -> Result<()> {
    let folded = accounts::fold(name);
    let taken = known.iter().any(|role| accounts::fold(&role.name) == folded && Some(role.id) != own);
    if taken { Err(Error::Taken(Unique::RoleName)) } else { Ok(()) }
}

fn check_name(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::Invalid(Field::RoleName, Flaw::Empty));
    }
    if text.chars().count() > ROLE_NAME_CHARS_MAX {
        return Err(Error::Invalid(Field::RoleName, Flaw::TooLong));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::Invalid(Field::RoleName, Flaw::Malformed));
    }
    Ok(text.to_owned())
}

fn check_description(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > ROLE_DESCRIPTION_CHARS_MAX {
        return Err(Error::Invalid(Field::Description, Flaw::TooLong));
    }
    Ok(text.to_owned())
}

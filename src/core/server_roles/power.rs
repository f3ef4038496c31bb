//! How far the permissions of a role reach, and the checks with which operations begin.
//!
//! A role gives its permissions over everybody, or over the members of its holder's own organisation. Who holds one of the second
//! kind passes [`require_over`] for members, is told by [`reach`] to what a list is to be narrowed, and never passes [`require`]:
//! an operation without a target is for those whose power knows no bounds. Over himself nobody has such a power.

use chatelaine_store::{Read, Row};
use serde::{Deserialize, Serialize};

use super::{ServerPermission, ServerPermissions, find_role};
use crate::accounts::{self, Account};
use crate::caller::{Caller, Who};
use crate::error::{Error, Result, Right, SignInFlaw, Thing};
use crate::ids::{AccountId, OrganisationId};
use crate::organisations;

/// Over whom a role gives its permissions. Kinds are only ever added at the end, because rows hold their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Scope {
    /// Over everybody.
    #[default]
    Everybody,
    /// Over the members of the organisation that its holder belongs to.
    OwnOrganisation,
}

impl Row for Scope {}

/// Over whom somebody has power.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Over everybody.
    Everybody,
    /// Over the members of this organisation.
    Organisation(OrganisationId),
    /// Over nobody: there is no role, or it waits for its holder to have an organisation.
    Nobody,
}

impl Reach {
    /// Whether an account lies within.
    pub fn takes_in(self, r: &impl Read, account: AccountId) -> Result<bool> {
        match self {
            Reach::Everybody => Ok(true),
            Reach::Organisation(own) => Ok(organisations::of(r, account)? == Some(own)),
            Reach::Nobody => Ok(false),
        }
    }
}

/// What somebody may do on the server, and over whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Power {
    /// What the role allows.
    pub permissions: ServerPermissions,
    /// Over whom.
    pub reach: Reach,
}

impl Power {
    const NONE: Power = Power { permissions: ServerPermissions::NONE, reach: Reach::Nobody };

    /// Whether the permission is held over anybody at all.
    pub fn has(self, permission: ServerPermission) -> bool {
        self.reach != Reach::Nobody && self.permissions.has(permission)
    }

    /// What is allowed over everybody.
    pub fn over_everybody(self) -> ServerPermissions {
        if self.reach == Reach::Everybody { self.permissions } else { ServerPermissions::NONE }
    }

    /// What is allowed over the members of one organisation, and over them alone.
    pub fn over_members(self) -> ServerPermissions {
        if matches!(self.reach, Reach::Organisation(_)) { self.permissions } else { ServerPermissions::NONE }
    }

    /// Whether nothing is lacking that the other may, as far as the other may it. A role that waits counts in full.
    fn covers(self, other: Power) -> bool {
        let is_as_far = self.reach == Reach::Everybody || self.reach == other.reach;
        other.permissions == ServerPermissions::NONE || (is_as_far && self.permissions.covers(other.permissions))
    }
}

/// Over whom the caller holds the permission, which is somebody at least: for operations that narrow what they tell, and before
/// [`require_over`] where the target has to be looked up first. Fails as [`require`] does for who does not hold it at all.
pub fn reach(r: &impl Read, caller: &Caller, permission: ServerPermission) -> Result<Reach> {
    match caller.who {
        Who::Operator | Who::System => Ok(Reach::Everybody),
        Who::Anonymous => Err(Error::SignIn(SignInFlaw::Missing)),
        Who::Account(account) => {
            let power = power_of(r, account)?;
            if power.has(permission) { Ok(power.reach) } else { Err(Error::Denied(Right::Server(permission))) }
        }
    }
}

/// Passes for callers that hold the permission over everybody, else fails with `Denied(Server(..))`; who has not signed in hears
/// `SignIn(Missing)`.
pub fn require(r: &impl Read, caller: &Caller, permission: ServerPermission) -> Result<()> {
    match reach(r, caller, permission)? {
        Reach::Everybody => Ok(()),
        Reach::Organisation(_) | Reach::Nobody => Err(Error::Denied(Right::Server(permission))),
    }
}

/// As [`require`], over somebody, for whom the permission has to reach: nobody acts on an account that holds a permission they lack
/// themselves, and nobody on himself or beyond the organisation who looks after one. Fails with `Denied(OtherAccount)` then.
pub fn require_over(r: &impl Read, caller: &Caller, permission: ServerPermission, over: AccountId) -> Result<()> {
    let reach = reach(r, caller, permission)?;
    let Who::Account(account) = caller.who else { return Ok(()) };
    let is_within = reach == Reach::Everybody || (account != over && reach.takes_in(r, over)?);
    if is_within && power_of(r, account)?.covers(power_of(r, over)?) {
        Ok(())
    } else {
        Err(Error::Denied(Right::OtherAccount))
    }
}

/// Whether the caller holds the permission over everybody.
pub fn may(r: &impl Read, caller: &Caller, permission: ServerPermission) -> Result<bool> {
    match require(r, caller, permission) {
        Ok(()) => Ok(true),
        Err(Error::Denied(_) | Error::SignIn(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Whether the caller holds the permission and it reaches an account, be that only to look.
pub fn may_look(r: &impl Read, caller: &Caller, permission: ServerPermission, at: AccountId) -> Result<bool> {
    match reach(r, caller, permission) {
        Ok(reach) => reach.takes_in(r, at),
        Err(Error::Denied(_) | Error::SignIn(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// What an account may do on the server. Accounts that are closed, or not there, may nothing.
pub fn power_of(r: &impl Read, account: AccountId) -> Result<Power> {
    match accounts::get(r, account) {
        Ok(account) => power_held(r, &account),
        Err(Error::NotFound(Thing::Account)) => Ok(Power::NONE),
        Err(other) => Err(other),
    }
}

/// As [`power_of`], for who has the account at hand.
pub fn power_held(r: &impl Read, account: &Account) -> Result<Power> {
    let Some(role) = account.server_role.filter(|_| !account.is_closed()) else { return Ok(Power::NONE) };
    let Some(role) = find_role(r, role)? else { return Ok(Power::NONE) };
    let reach = match role.scope {
        Scope::Everybody => Reach::Everybody,
        Scope::OwnOrganisation => organisations::of(r, account.id)?.map_or(Reach::Nobody, Reach::Organisation),
    };
    Ok(Power { permissions: role.permissions, reach })
}

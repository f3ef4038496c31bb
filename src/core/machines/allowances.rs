//! How many machines an account, or all accounts with one role on the server, may have active, where it differs from what is usual.
//! What an account is allowed comes before what its role allows each, and that before what the settings say.

use chatelaine_store::{Read, Row};
use serde::{Deserialize, Serialize};

use super::notices::{self, NoticeKind};
use super::role_notices::{self, Reach};
use super::slots;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Result, Thing};
use crate::ids::{AccountId, ServerRoleId};
use crate::limits::MACHINES_PER_ACCOUNT_MAX;
use crate::schema::{ALLOWANCE_BY_ACCOUNT, ALLOWANCE_BY_ROLE};
use crate::server_roles::{self, ServerPermission};
use crate::settings::Machines;
use crate::{Core, Tx, accounts};

/// How far a limit may be passed. What is beyond it and tolerated is audited, and who looks after machines is told. Kinds are only
/// ever added at the end, because rows hold their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Tolerance {
    /// Not at all.
    #[default]
    Deny,
    /// By half of it.
    Half,
    /// By as many again.
    Double,
    /// By any number.
    Allow,
}

impl Tolerance {
    /// Every kind.
    pub const ALL: [Tolerance; 4] = [Tolerance::Deny, Tolerance::Half, Tolerance::Double, Tolerance::Allow];

    /// Its name in settings and on every wire.
    pub const fn name(self) -> &'static str {
        match self {
            Tolerance::Deny => "deny",
            Tolerance::Half => "half",
            Tolerance::Double => "double",
            Tolerance::Allow => "allow",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Tolerance> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// How many a limit lets through in the end; none where there is no end.
    pub const fn stretched(self, most: u64) -> Option<u64> {
        match self {
            Tolerance::Deny => Some(most),
            Tolerance::Half => Some(most.saturating_add(most / 2)),
            Tolerance::Double => Some(most.saturating_mul(2)),
            Tolerance::Allow => None,
        }
    }
}

/// What one account may have, in place of all else.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Allowance {
    /// Active machines; none: as many as the server can keep.
    pub most: Option<u32>,
    /// How far that may be passed.
    pub tolerance: Tolerance,
}

impl Row for Allowance {}

/// What the accounts with one role may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoleAllowance {
    /// Active machines of each; none: as the settings say.
    pub each: Option<u32>,
    /// Active machines of all together; none: no limit.
    pub total: Option<u32>,
    /// How far these may be passed.
    pub tolerance: Tolerance,
}

impl Row for RoleAllowance {}

/// What holds where neither the account nor its role has an allowance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Most {
    /// Active machines of an account; none: as many as the server can keep.
    pub each: Option<u32>,
    /// How far that may be passed.
    pub tolerance: Tolerance,
}

impl Most {
    /// So many and not one more; 0 is as many as the server can keep.
    pub const fn strict(most: u32) -> Self {
        Self { each: if most == 0 { None } else { Some(most) }, tolerance: Tolerance::Deny }
    }

    /// What the settings say.
    pub fn of(settings: &Machines) -> Self {
        Self { tolerance: settings.overage, ..Self::strict(settings.per_account) }
    }
}

/// How an account stands: what it was allowed, what holds, and how many machines it has active.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountLimit {
    /// Its own allowance.
    pub own: Option<Allowance>,
    /// What holds in the end.
    pub in_force: Allowance,
    /// Machines that hold a slot.
    pub held: u64,
}

/// How a role stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RoleLimit {
    /// What its accounts are allowed.
    pub own: Option<RoleAllowance>,
    /// Machines of all its accounts that hold a slot.
    pub held: u64,
}

/// What holds for an account with this role.
pub(super) fn in_force(
    r: &impl Read,
    account: AccountId,
    of_role: Option<RoleAllowance>,
    usual: Most,
) -> Result<Allowance> {
    if let Some(own) = ALLOWANCE_BY_ACCOUNT.get(r, &account)? {
        return Ok(own);
    }
    Ok(match of_role {
        Some(RoleAllowance { each: Some(each), tolerance, .. }) => Allowance { most: Some(each), tolerance },
        Some(_) | None => Allowance { most: usual.each, tolerance: usual.tolerance },
    })
}

/// Tells how an account stands. Needs the permission to manage machines, and no fewer rights than the account has. Fails with
/// `NotFound(Account)`.
pub fn of_account(core: &Core, caller: &Caller, account: AccountId) -> Result<AccountLimit> {
    let usual = Most::of(&core.settings().machines);
    core.read(|view| {
        server_roles::require_over(view, caller, ServerPermission::ManageMachines, account)?;
        accounts::get(view, account)?;
        account_limit(view, account, usual)
    })
}

/// As [`of_account`], within what somebody reads, with all rights checked.
pub(super) fn account_limit(r: &impl Read, account: AccountId, usual: Most) -> Result<AccountLimit> {
    let of_role = match slots::role_of(r, account)? {
        Some(role) => ALLOWANCE_BY_ROLE.get(r, &role)?,
        None => None,
    };
    Ok(AccountLimit {
        own: ALLOWANCE_BY_ACCOUNT.get(r, &account)?,
        in_force: in_force(r, account, of_role, usual)?,
        held: slots::held(r, account)?,
    })
}

/// Sets what an account is allowed, or takes it back. Machines that are active stay so. Fails as [`of_account`] does, for who looks
/// after one organisation alone with `Denied(..)`, and with `Invalid(Uses, Range)` beyond what the server keeps.
pub fn set_for_account(
    core: &Core,
    caller: &Caller,
    account: AccountId,
    allowance: Option<Allowance>,
) -> Result<AccountLimit> {
    check(allowance.and_then(|allowance| allowance.most))?;
    let (now, caller_again, usual) = (core.now(), caller.clone(), Most::of(&core.settings().machines));
    core.write(caller, move |tx| {
        server_roles::require(tx, &caller_again, ServerPermission::ManageMachines)?;
        server_roles::require_over(tx, &caller_again, ServerPermission::ManageMachines, account)?;
        accounts::get_open(tx, account)?;
        let before = account_limit(tx, account, usual)?.in_force;
        match &allowance {
            Some(allowance) => ALLOWANCE_BY_ACCOUNT.put(tx, &account, allowance)?,
            None => ALLOWANCE_BY_ACCOUNT.remove(tx, &account)?,
        }
        let detail = allowance.map_or_else(|| "as usual".to_owned(), |allowance| words(allowance.most));
        note(tx, now, &caller_again, &format!("account {account}"), &detail)?;
        let limit = account_limit(tx, account, usual)?;
        if limit.in_force != before {
            notices::tell_each(tx, now, account, NoticeKind::LimitChanged)?;
        }
        Ok(limit)
    })
}

/// Tells how a role stands. Needs the permission to manage machines. Fails with `NotFound(ServerRole)`.
pub fn of_role(core: &Core, caller: &Caller, role: ServerRoleId) -> Result<RoleLimit> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ManageMachines)?;
        server_roles::find_role(view, role)?.ok_or(Error::NotFound(Thing::ServerRole))?;
        role_limit(view, role)
    })
}

fn role_limit(r: &impl Read, role: ServerRoleId) -> Result<RoleLimit> {
    Ok(RoleLimit { own: ALLOWANCE_BY_ROLE.get(r, &role)?, held: slots::held_by_role(r, role)? })
}

/// Sets what the accounts with a role are allowed, or takes it back. Machines that are active stay so; those that can hear are told
/// when something changes. Fails as [`of_role`] does, as [`set_for_account`] for numbers, and with `Busy` when the machines of very
/// many changes are still to be told.
pub fn set_for_role(
    core: &Core,
    caller: &Caller,
    role: ServerRoleId,
    allowance: Option<RoleAllowance>,
) -> Result<RoleLimit> {
    check(allowance.and_then(|allowance| allowance.each))?;
    let (now, caller_again) = (core.now(), caller.clone());
    core.write(caller, move |tx| {
        server_roles::require(tx, &caller_again, ServerPermission::ManageMachines)?;
        server_roles::find_role(tx, role)?.ok_or(Error::NotFound(Thing::ServerRole))?;
        let before = ALLOWANCE_BY_ROLE.get(tx, &role)?;
        match &allowance {
            Some(allowance) => ALLOWANCE_BY_ROLE.put(tx, &role, allowance)?,
            None => ALLOWANCE_BY_ROLE.remove(tx, &role)?,
        }
        let detail = match allowance {
            Some(allowance) => format!("each: {}, all: {}", words(allowance.each), words(allowance.total)),
            None => "as usual".to_owned(),
        };
        note(tx, now, &caller_again, &format!("server role {role}"), &detail)?;
        if let Some(reach) = reach(before, allowance) {
            role_notices::begin(tx, now, role, reach)?;
        }
        role_limit(tx, role)
    })
}

/// Whose limits change with the allowance of their role; none when nobody's do.
fn reach(before: Option<RoleAllowance>, after: Option<RoleAllowance>) -> Option<Reach> {
    let of_each = |role: RoleAllowance| role.each.map(|most| (most, role.tolerance));
    let of_all = |role: RoleAllowance| role.total.map(|most| (most, role.tolerance));
    if before.and_then(of_all) != after.and_then(of_all) {
        return Some(Reach::All);
    }
    (before.and_then(of_each) != after.and_then(of_each)).then_some(Reach::WithoutOwn)
}

fn check(most: Option<u32>) -> Result<()> {
    let most = usize::try_from(most.unwrap_or_default()).unwrap_or(usize::MAX);
    if most > MACHINES_PER_ACCOUNT_MAX { Err(Error::Invalid(Field::Uses, Flaw::Range)) } else { Ok(()) }
}

fn words(most: Option<u32>) -> String {
    most.map_or_else(|| "no limit".to_owned(), |most| most.to_string())
}

fn note(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, target: &str, detail: &str) -> Result<()> {
    audit::record(tx, now, caller, Verb::MachineLimitsChanged, target, detail)
}

/// Forgets what an account was allowed that goes away.
pub(super) fn forget(tx: &mut Tx<'_>, account: AccountId) -> Result<()> {
    Ok(ALLOWANCE_BY_ACCOUNT.remove(tx, &account)?)
}

/// Forgets what a role allowed that goes away; nobody holds it.
pub(crate) fn role_removed(tx: &mut Tx<'_>, role: ServerRoleId) -> Result<()> {
    Ok(ALLOWANCE_BY_ROLE.remove(tx, &role)?)
}

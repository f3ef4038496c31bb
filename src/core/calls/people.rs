//! Who comes into a call and who goes. The order of the checks is part of what callers rely on: is there such a call, may the caller do
//! this, then the other person.

use chatelaine_store::{Order, Read};

use super::call::{Open, Part};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Reason, Result, Right, Thing};
use crate::ids::{AccountId, CallId};
use crate::limits::{CALL_PEOPLE_MAX, CALLS_PER_ACCOUNT_MAX};
use crate::schema::{CALLER_BY_CALL, CALLS_BY_ACCOUNT};
use crate::{Core, Tx, accounts};

/// Joins a call and says who else is a member. An invitation is used up; joining again changes nothing.
/// Fails with `NotFound(Call)`, or with `Refused(JoinRule)` for a stranger without invitation to a closed one.
pub fn join(core: &Core, caller: &Caller, id: CallId) -> Result<Vec<AccountId>> {
    let (account, now) = (caller.require_account()?, core.now());
    core.write(caller, move |tx| {
        let mut call = Open::get(tx, id)?;
        let part = call.part(tx, account)?;
        if !(part.member || part.invited || call.row.open_join) {
            return Err(Error::Refused(Reason::JoinRule));
        }
        call.change(tx, account, |part| Part { member: true, joined: true, invited: false, ..part })?;
        call.settle(tx, now, 0)?;
        let members = members_of(tx, id)?;
        Ok(members.into_iter().filter(|member| *member != account).collect())
    })
}

/// Leaves a call; so does who was never in it, and there need be no such call. An empty one that deletes itself goes
/// `keep_s` seconds later.
pub fn leave(core: &Core, caller: &Caller, id: CallId, keep_s: u64) -> Result<()> {
    let (account, now) = (caller.require_account()?, core.now());
    core.write(caller, move |tx| match leave_within(tx, (now, keep_s), account, id) {
        Err(Error::NotFound(Thing::Call)) => Ok(()),
        other => other,
    })
}

fn leave_within(tx: &mut Tx<'_>, (now, keep_s): (Stamp, u64), account: AccountId, id: CallId) -> Result<()> {
    let mut call = Open::get(tx, id)?;
    call.change(tx, account, |part| Part { member: false, joined: false, ..part })?;
    call.settle(tx, now, keep_s)
}

/// Takes an account that is closed out of all its calls.
pub(crate) fn leave_all(tx: &mut Tx<'_>, now: Stamp, account: AccountId) -> Result<()> {
    for (_, id) in CALLS_BY_ACCOUNT.keys(tx, &account, None, Order::Ascending, CALLS_PER_ACCOUNT_MAX)? {
        leave_within(tx, (now, 0), account, id)?;
    }
    Ok(())
}

/// All members, joined or not. Fails with `NotFound(Call)`, or `Refused(NotAMember)` for everybody else.
pub fn members(core: &Core, caller: &Caller, id: CallId) -> Result<Vec<AccountId>> {
    let account = caller.require_account()?;
    core.read(|view| {
        require_member(&Open::get(view, id)?, view, account)?;
        members_of(view, id)
    })
}

pub(super) fn require_member(call: &Open, r: &impl Read, account: AccountId) -> Result<()> {
    if call.part(r, account)?.member { Ok(()) } else { Err(Error::Refused(Reason::NotAMember)) }
}

fn members_of(r: &impl Read, id: CallId) -> Result<Vec<AccountId>> {
    let most = usize::try_from(CALL_PEOPLE_MAX).unwrap_or(usize::MAX);
    let rows = CALLER_BY_CALL.list(r, &id, None, Order::Ascending, most)?;
    Ok(rows.into_iter().filter(|(_, part)| part.member).map(|((_, account), _)| account).collect())
}

/// Invites somebody, members and oneself included. Fails with `NotFound(Call)`, `Denied(Call)` for others than admins,
/// `Exists(Invite)`, `NotFound(Account)`.
pub fn invite(core: &Core, caller: &Caller, id: CallId, other: AccountId) -> Result<()> {
    as_admin(core, caller, (id, other), move |tx, call, part| {
        if part.invited {
            return Err(Error::Exists(Thing::Invite));
        }
        accounts::get(tx, other)?;
        call.change(tx, other, |part| Part { invited: true, ..part })
    })
}

/// Accepts an invitation: a member from now on, not joined yet. Fails with `NotFound(Call)`, `Exists(Member)`, `NotFound(Invite)`.
pub fn accept(core: &Core, caller: &Caller, id: CallId) -> Result<()> {
    let (account, now) = (caller.require_account()?, core.now());
    core.write(caller, move |tx| {
        let mut call = Open::get(tx, id)?;
        let part = call.part(tx, account)?;
        if part.member {
            return Err(Error::Exists(Thing::Member));
        }
        if !part.invited {
            return Err(Error::NotFound(Thing::Invite));
        }
        call.change(tx, account, |part| Part { member: true, invited: false, ..part })?;
        call.settle(tx, now, 0)
    })
}

/// Makes a member an admin. Fails with `NotFound(Call)`, `Denied(Call)` for others than admins, `NotFound(Member)`.
pub fn promote(core: &Core, caller: &Caller, id: CallId, other: AccountId) -> Result<()> {
    as_admin(core, caller, (id, other), move |tx, call, part| {
        if !part.member {
            return Err(Error::NotFound(Thing::Member));
        }
        call.change(tx, other, |part| Part { admin: true, ..part })
    })
}

/// Makes somebody no admin. Fails with `NotFound(Call)`, `Denied(Owner)` for others than the creator, and with
/// `Refused(LastOwner)` when it is about the creator.
pub fn demote(core: &Core, caller: &Caller, id: CallId, other: AccountId) -> Result<()> {
    let (account, now) = (caller.require_account()?, core.now());
    core.write(caller, move |tx| {
        let mut call = Open::get(tx, id)?;
        if call.row.creator != account {
            return Err(Error::Denied(Right::Owner));
        }
        if call.row.creator == other {
            return Err(Error::Refused(Reason::LastOwner));
        }
        call.change(tx, other, |part| Part { admin: false, ..part })?;
        call.settle(tx, now, 0)
    })
}

/// Puts a member out. Fails with `NotFound(Call)`, `Denied(Call)` for others than admins, `Invalid(Account, Oneself)`,
/// `Refused(LastOwner)` when it is about the creator, `NotFound(Member)`.
pub fn kick(core: &Core, caller: &Caller, id: CallId, other: AccountId, keep_s: u64) -> Result<()> {
    let (account, now) = (caller.require_account()?, core.now());
    core.write(caller, move |tx| {
        let mut call = Open::get(tx, id)?;
        require_admin(&call, tx, account)?;
        if other == account {
            return Err(Error::Invalid(Field::Account, Flaw::Oneself));
        }
        if other == call.row.creator {
            return Err(Error::Refused(Reason::LastOwner));
        }
        if !call.part(tx, other)?.member {
            return Err(Error::NotFound(Thing::Member));
        }
        call.change(tx, other, |part| Part { invited: part.invited, ..Part::default() })?;
        call.settle(tx, now, keep_s)
    })
}

fn require_admin(call: &Open, r: &impl Read, account: AccountId) -> Result<()> {
    if call.part(r, account)?.admin { Ok(()) } else { Err(Error::Denied(Right::Call)) }
}

/// Does something to another person as an admin of the call.
fn as_admin(
    core: &Core,
    caller: &Caller,
    (id, other): (CallId, AccountId),
    act: impl Fn(&mut Tx<'_>, &mut Open, Part) -> Result<()> + Send + 'static,
) -> Result<()> {
    let (account, now) = (caller.require_account()?, core.now());
    core.write(caller, move |tx| {
        let mut call = Open::get(tx, id)?;
        require_admin(&call, tx, account)?;
        let part = call.part(tx, other)?;
        act(tx, &mut call, part)?;
        call.settle(tx, now, 0)
    })
}

//! What administrators do with accounts: find, list, lock, unlock. Each deed leaves an audit row. An administrator can do
//! nothing to somebody who holds a permission that the administrator lacks, and the last administrator cannot be locked.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::account::{self, Account, State};
use super::guesses;
use super::index;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::{Stamp, Until};
use crate::error::{Error, Field, Flaw, Reason, Result, Thing};
use crate::event::{Audience, Ended, What};
use crate::event_log;
use crate::ids::AccountId;
use crate::limits::REASON_CHARS_MAX;
use crate::logins;
use crate::organisations;
use crate::page::{Ask, Done, Page};
use crate::schema::{ACCOUNT_BY_ID, LOCK_NOTE_BY_ACCOUNT};
use crate::server_roles::{self, ADMINISTRATOR, Reach, ServerPermission};
use crate::{Core, Tx};

/// The whole account of a handle or e-mail address. Needs the permission to view users. Fails with `NotFound(Account)`, also for who
/// looks after an organisation to which it does not belong.
pub fn find(core: &Core, caller: &Caller, name: &str) -> Result<Account> {
    core.read(|view| {
        let reach = server_roles::reach(view, caller, ServerPermission::ViewUsers)?;
        let found = account::find_by_name(view, name)?.ok_or(Error::NotFound(Thing::Account))?;
        within(view, reach, found)
    })
}

/// The whole account of a number. Needs the permission to view users. Fails as [`find`] does.
pub fn get(core: &Core, caller: &Caller, id: AccountId) -> Result<Account> {
    core.read(|view| {
        let reach = server_roles::reach(view, caller, ServerPermission::ViewUsers)?;
        within(view, reach, account::get(view, id)?)
    })
}

fn within(r: &impl Read, reach: Reach, account: Account) -> Result<Account> {
    if reach.takes_in(r, account.id)? { Ok(account) } else { Err(Error::NotFound(Thing::Account)) }
}

/// Lists all accounts in the order in which they were made; for who looks after one organisation its members. Needs the permission
/// to view users.
pub fn list(core: &Core, caller: &Caller, ask: Ask<AccountId>) -> Result<Page<Account, AccountId>> {
    core.read(|view| {
        if let Reach::Organisation(own) = server_roles::reach(view, caller, ServerPermission::ViewUsers)? {
            return organisations::members_within(view, own, ask);
        }
        let wanted = ask.items();
        let rows = ACCOUNT_BY_ID.list(view, &(), ask.after.as_ref(), Order::Ascending, wanted + 1)?;
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        Ok(Page::of(rows, wanted, |row: &Account| row.id))
    })
}

/// Why an account is locked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LockNote {
    /// The reason given; blank for none.
    pub reason: String,
    /// Who did it; none for the operator.
    pub by: Option<AccountId>,
    /// When.
    pub at: Stamp,
}

impl Row for LockNote {}

/// Locks an account and ends its logins. Needs the permission to ban; fails with `Refused(LastAdministrator)`.
pub fn lock(core: &Core, caller: &Caller, id: AccountId, until: Until) -> Result<()> {
    lock_because(core, caller, id, Lock { until, reason: String::new() })
}

/// How an account is locked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lock {
    /// For how long.
    pub until: Until,
    /// Why; blank for no reason.
    pub reason: String,
}

/// As [`lock`], with a reason. A lock that holds is replaced. Fails with `Invalid(ReasonText, TooLong)`, or with
/// `Invalid(Duration, Range)` for a lock that is over already.
pub fn lock_because(core: &Core, caller: &Caller, id: AccountId, lock: Lock) -> Result<()> {
    let (now, Lock { until, reason }) = (core.now(), lock);
    core.read(|view| server_roles::reach(view, caller, ServerPermission::BanUser))?;
    if !until.holds(now) {
        return Err(Error::Invalid(Field::Duration, Flaw::Range));
    }
    if reason.chars().count() > REASON_CHARS_MAX {
        return Err(Error::Invalid(Field::ReasonText, Flaw::TooLong));
    }
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        server_roles::require_over(tx, &caller_again, ServerPermission::BanUser, id)?;
        let old = account::get_open(tx, id)?;
        if old.server_role == Some(ADMINISTRATOR) && !index::has_other_administrator(tx, id)? {
            return Err(Error::Refused(Reason::LastAdministrator));
        }
        let generation = old.generation.saturating_add(1);
        let new = Account { state: State::Locked(until), updated_at: now, generation, ..old.clone() };
        index::replace(tx, &old, &new)?;
        LOCK_NOTE_BY_ACCOUNT.put(
            tx,
            &id,
            &LockNote { reason: reason.clone(), by: caller_again.account_id(), at: now },
        )?;
        logins::remove_all(tx, id)?;
        let what = What::LoginEnded { account: id, which: Ended::All };
        event_log::record(tx, now, Audience::account(id), what)?;
        audit::record(tx, now, &caller_again, Verb::AccountLocked, &format!("account {id}"), "")
    })?;
    logins::forget_account(core, id);
    Ok(())
}

/// Lifts a lock, also one by wrong passwords. Needs the permission to ban.
pub fn unlock(core: &Core, caller: &Caller, id: AccountId) -> Result<Done> {
    let (now, keys) = (core.now(), core.keys().clone());
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        server_roles::require_over(tx, &caller_again, ServerPermission::BanUser, id)?;
        let old = account::get_open(tx, id)?;
        let names = guesses::keys_of(&keys, &old);
        let counted = guesses::has_any(tx, &names)?;
        if old.state == State::Active && !counted {
            return Ok(Done::AlreadySo);
        }
        guesses::forget(tx, &names)?;
        open(tx, now, &caller_again, &old)?;
        Ok(Done::Done)
    })
}

/// Lifts an administrator's lock that holds, and nothing else. Needs the permission to ban. Fails with `NotFound(Ban)` when none
/// does.
pub fn lift(core: &Core, caller: &Caller, id: AccountId) -> Result<()> {
    let now = core.now();
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        server_roles::require_over(tx, &caller_again, ServerPermission::BanUser, id)?;
        let old = account::get_open(tx, id)?;
        old.lock_left(now).ok_or(Error::NotFound(Thing::Ban))?;
        open(tx, now, &caller_again, &old)
    })
}

fn open(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, old: &Account) -> Result<()> {
    let new = Account { state: State::Active, updated_at: now, ..old.clone() };
    index::replace(tx, old, &new)?;
    LOCK_NOTE_BY_ACCOUNT.remove(tx, &old.id)?;
    audit::record(tx, now, caller, Verb::AccountUnlocked, &format!("account {}", old.id), "")
}

/// Why an account is locked, if it is. Needs the permission to view users. Fails as [`find`] does.
pub fn lock_note(core: &Core, caller: &Caller, id: AccountId) -> Result<Option<LockNote>> {
    let now = core.now();
    core.read(|view| {
        let reach = server_roles::reach(view, caller, ServerPermission::ViewUsers)?;
        let is_locked = within(view, reach, account::get(view, id)?)?.lock_left(now).is_some();
        if is_locked { Ok(LOCK_NOTE_BY_ACCOUNT.get(view, &id)?) } else { Ok(None) }
    })
}

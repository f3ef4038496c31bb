//! What administrators do with accounts: find, list, lock, unlock. Each deed leaves an audit row. An administrator can do
//! nothing to somebody who holds a permission that the administrator lacks, and the last administrator cannot be locked.

use chatelaine_store::Order;

use super::account::{self, Account, State};
use super::guesses;
use super::index;
use crate::Core;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Until;
use crate::error::{Error, Reason, Result, Thing};
use crate::event::{Audience, Ended, What};
use crate::event_log;
use crate::ids::AccountId;
use crate::logins;
use crate::page::{Ask, Done, Page};
use crate::schema::ACCOUNT_BY_ID;
use crate::server_roles::{self, ADMINISTRATOR, ServerPermission};

/// The whole account of a handle or e-mail address. Needs the permission to view users. Fails with `NotFound(Account)`.
pub fn find(core: &Core, caller: &Caller, name: &str) -> Result<Account> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ViewUsers)?;
        account::find_by_name(view, name)?.ok_or(Error::NotFound(Thing::Account))
    })
}

/// The whole account of a number. Needs the permission to view users.
pub fn get(core: &Core, caller: &Caller, id: AccountId) -> Result<Account> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ViewUsers)?;
        account::get(view, id)
    })
}

/// Lists all accounts in the order in which they were made. Needs the permission to view users.
pub fn list(core: &Core, caller: &Caller, ask: Ask<AccountId>) -> Result<Page<Account, AccountId>> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ViewUsers)?;
        let wanted = ask.items();
        let rows = ACCOUNT_BY_ID.list(view, &(), ask.after.as_ref(), Order::Ascending, wanted + 1)?;
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        Ok(Page::of(rows, wanted, |row: &Account| row.id))
    })
}

/// Locks an account and ends its logins. Needs the permission to ban; fails with `Refused(LastAdministrator)`.
pub fn lock(core: &Core, caller: &Caller, id: AccountId, until: Until) -> Result<()> {
    let now = core.now();
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
        let new = Account { state: State::Active, updated_at: now, ..old.clone() };
        index::replace(tx, &old, &new)?;
        audit::record(tx, now, &caller_again, Verb::AccountUnlocked, &format!("account {id}"), "")?;
        Ok(Done::Done)
    })
}

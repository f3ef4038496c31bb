//! Organisations: names under which accounts belong together, so that somebody can look after their members and after nobody else.
//! An account belongs to one at most. An organisation begins with its first member and ends with its last.
//!
//! Invariants: the rows by account and by organisation say the same, and so do those of marks and of open appeals against members.
//! Who holds a role for members only has its power from exactly these rows, from one transaction to the next; so nobody changes
//! them who could not give such roles.

#[cfg(test)]
mod power_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use chatelaine_store::{Order, Read, Row, Text};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::accounts::{self, Account, fold};
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Result, Thing};
use crate::event::{Audience, What};
use crate::event_log;
use crate::ids::{AccountId, OrganisationId};
use crate::limits::ORGANISATION_NAME_CHARS_MAX;
use crate::machines::marks;
use crate::page::{Ask, Done, Page};
use crate::schema::{
    ACCOUNTS_BY_ORGANISATION, ID_BY_ORGANISATION_NAME, ORGANISATION_BY_ACCOUNT, ORGANISATION_BY_ID, ORGANISATIONS,
};
use crate::server_roles::{self, Reach, ServerPermission};
use crate::{Core, Tx};

/// The name of an organisation: 1 to 50 letters and digits of any script. Compared folded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrganisationName(String);

impl OrganisationName {
    /// Checks a name. Fails with `Invalid(OrganisationName, ..)`.
    pub fn new(text: &str) -> Result<Self> {
        let flaw = |flaw| Err(Error::Invalid(Field::OrganisationName, flaw));
        let text: String = text.trim().nfkc().take(ORGANISATION_NAME_CHARS_MAX.saturating_add(1)).collect();
        if text.is_empty() {
            return flaw(Flaw::Empty);
        }
        if text.chars().count() > ORGANISATION_NAME_CHARS_MAX {
            return flaw(Flaw::TooLong);
        }
        if !text.chars().all(char::is_alphanumeric) {
            return flaw(Flaw::Malformed);
        }
        Ok(Self(text))
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn key(&self) -> Text {
        Text(fold(&self.0))
    }
}

/// An organisation as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrganisationRow {
    /// Its name, as first given.
    pub name: OrganisationName,
    /// When it got its first member.
    pub made_at: Stamp,
}

impl Row for OrganisationRow {}

/// An organisation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Organisation {
    /// Its number.
    pub id: OrganisationId,
    /// What is stored of it.
    pub row: OrganisationRow,
}

/// To which organisation an account belongs.
pub fn of(r: &impl Read, account: AccountId) -> Result<Option<OrganisationId>> {
    Ok(ORGANISATION_BY_ACCOUNT.get(r, &account)?)
}

/// As [`of`], with its name.
pub fn whole_of(r: &impl Read, account: AccountId) -> Result<Option<Organisation>> {
    let Some(id) = of(r, account)? else { return Ok(None) };
    Ok(ORGANISATION_BY_ID.get(r, &id)?.map(|row| Organisation { id, row }))
}

/// Puts an account into the organisation of this name, which comes to be if there is none, or takes it out of the one it belongs
/// to. Needs the permission to assign roles, all that the account may, and to put it in also all that is allowed by roles for
/// members only. Fails with `Invalid(OrganisationName, ..)`, `Denied(..)`, `NotFound(Account)`, for a closed account that is put in
/// with `Refused(AccountClosed)`, and with `OverLimit(Marks)` for one with very many marks. The account hears of it.
pub fn set(core: &Core, caller: &Caller, account: AccountId, name: Option<&str>) -> Result<Done> {
    let name = name.map(OrganisationName::new).transpose()?;
    let (now, caller_again) = (core.now(), caller.clone());
    core.write(caller, move |tx| {
        server_roles::require_may_place(tx, &caller_again, account, name.is_some())?;
        accounts::get(tx, account)?;
        let old = of(tx, account)?;
        let new = match &name {
            Some(name) => {
                accounts::get_open(tx, account)?;
                Some(found_or_made(tx, now, name)?)
            }
            None => None,
        };
        if old == new {
            return Ok(Done::AlreadySo);
        }
        leave(tx, account)?;
        if let Some(id) = new {
            ORGANISATION_BY_ACCOUNT.put(tx, &account, &id)?;
            ACCOUNTS_BY_ORGANISATION.put(tx, &(id, account), &())?;
            marks::joined(tx, account, id)?;
        }
        let detail = new.map(|id| format!("organisation {id}")).unwrap_or_default();
        audit::record(tx, now, &caller_again, Verb::OrganisationChanged, &format!("account {account}"), &detail)?;
        event_log::record(tx, now, Audience::account(account), What::AccountChanged { account })?;
        Ok(Done::Done)
    })
}

fn found_or_made(tx: &mut Tx<'_>, now: Stamp, name: &OrganisationName) -> Result<OrganisationId> {
    if let Some(id) = ID_BY_ORGANISATION_NAME.get(tx, &name.key())? {
        return Ok(id);
    }
    let id = OrganisationId::new(tx.count_up(&ORGANISATIONS)?);
    ID_BY_ORGANISATION_NAME.put(tx, &name.key(), &id)?;
    ORGANISATION_BY_ID.put(tx, &id, &OrganisationRow { name: name.clone(), made_at: now })?;
    Ok(id)
}

/// Takes an account out of its organisation, if it belongs to one.
pub(crate) fn leave(tx: &mut Tx<'_>, account: AccountId) -> Result<()> {
    let Some(id) = of(tx, account)? else { return Ok(()) };
    marks::left(tx, account, id)?;
    ORGANISATION_BY_ACCOUNT.remove(tx, &account)?;
    ACCOUNTS_BY_ORGANISATION.remove(tx, &(id, account))?;
    if ACCOUNTS_BY_ORGANISATION.first(tx, &id)?.is_none()
        && let Some(row) = ORGANISATION_BY_ID.get(tx, &id)?
    {
        ID_BY_ORGANISATION_NAME.remove(tx, &row.name.key())?;
        ORGANISATION_BY_ID.remove(tx, &id)?;
    }
    Ok(())
}

/// Organisations in the order in which they began; who looks after one is shown that one. Needs the permission to view users.
pub fn list(core: &Core, caller: &Caller, ask: Ask<OrganisationId>) -> Result<Page<Organisation, OrganisationId>> {
    core.read(|view| {
        let rows = match server_roles::reach(view, caller, ServerPermission::ViewUsers)? {
            Reach::Everybody => {
                let most = ask.items().saturating_add(1);
                ORGANISATION_BY_ID.list(view, &(), ask.after.as_ref(), Order::Ascending, most)?
            }
            Reach::Organisation(id) if ask.after.is_none() => {
                ORGANISATION_BY_ID.get(view, &id)?.map(|row| (id, row)).into_iter().collect()
            }
            Reach::Organisation(_) | Reach::Nobody => Vec::new(),
        };
        let rows = rows.into_iter().map(|(id, row)| Organisation { id, row }).collect();
        Ok(Page::of(rows, ask.items(), |one: &Organisation| one.id))
    })
}

/// The members of an organisation, in the order in which their accounts were made. Needs the permission to view users. Fails with
/// `NotFound(Organisation)`, also for who looks after another one.
pub fn members(
    core: &Core,
    caller: &Caller,
    id: OrganisationId,
    ask: Ask<AccountId>,
) -> Result<Page<Account, AccountId>> {
    core.read(|view| {
        let reach = server_roles::reach(view, caller, ServerPermission::ViewUsers)?;
        let is_shown = reach == Reach::Everybody || reach == Reach::Organisation(id);
        if !is_shown || !ORGANISATION_BY_ID.has(view, &id)? {
            return Err(Error::NotFound(Thing::Organisation));
        }
        members_within(view, id, ask)
    })
}

/// As [`members`], with all rights checked.
pub(crate) fn members_within(
    r: &impl Read,
    id: OrganisationId,
    ask: Ask<AccountId>,
) -> Result<Page<Account, AccountId>> {
    let after = ask.after.map(|account| (id, account));
    let most = ask.items().saturating_add(1);
    let keys = ACCOUNTS_BY_ORGANISATION.keys(r, &id, after.as_ref(), Order::Ascending, most)?;
    let page = Page::of(keys, ask.items(), |(_, account)| *account);
    let items = page.items.into_iter().map(|(_, account)| accounts::get(r, account));
    Ok(Page { items: items.collect::<Result<_>>()?, next: page.next })
}

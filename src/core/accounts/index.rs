//! The indexes of accounts, kept in step with the rows: handle, e-mail address, words of the shown names, role on the server.
//! Every change of an account goes through [`insert`] or [`replace`], so that no index can be forgotten and no name given twice.

use std::collections::BTreeSet;

use chatelaine_store::{Read, Text};

use super::account::{Account, State, email_mark, fold};
use crate::Tx;
use crate::clock::Until;
use crate::error::{Error, Result, Unique};
use crate::figures::counts::{self, Counted};
use crate::ids::AccountId;
use crate::limits::SEARCH_WORDS_MAX;
use crate::machines::slots;
use crate::schema::{ACCOUNT_BY_ID, ACCOUNTS_BY_SERVER_ROLE, ACCOUNTS_BY_WORD, ID_BY_EMAIL, ID_BY_HANDLE};
use crate::server_roles::ADMINISTRATOR;

/// Stores a new account. Fails with `Taken` when handle or e-mail address lead to another one.
pub(crate) fn insert(tx: &mut Tx<'_>, account: &Account) -> Result<()> {
    require_free(tx, account)?;
    put_indexes(tx, account)?;
    counts::up(tx, Counted::Accounts)?;
    Ok(ACCOUNT_BY_ID.put(tx, &account.id, account)?)
}

/// Stores a changed account in place of what it was. Fails with `Taken` when a new handle or e-mail address leads to another one.
pub(crate) fn replace(tx: &mut Tx<'_>, old: &Account, new: &Account) -> Result<()> {
    require_free(tx, new)?;
    remove_indexes(tx, old)?;
    put_indexes(tx, new)?;
    slots::role_changed(tx, new.id, old.server_role, new.server_role)?;
    Ok(ACCOUNT_BY_ID.put(tx, &new.id, new)?)
}

/// Takes an account away; its names are free again.
pub(crate) fn remove(tx: &mut Tx<'_>, account: &Account) -> Result<()> {
    remove_indexes(tx, account)?;
    slots::role_changed(tx, account.id, account.server_role, None)?;
    counts::down(tx, Counted::Accounts)?;
    Ok(ACCOUNT_BY_ID.remove(tx, &account.id)?)
}

/// Fails with `Taken` unless handle and e-mail address are free or the account's own.
pub(crate) fn require_free(r: &impl Read, account: &Account) -> Result<()> {
    require_free_handle(r, account)?;
    require_free_email(r, account)
}

pub(super) fn require_free_handle(r: &impl Read, account: &Account) -> Result<()> {
    let handle = ID_BY_HANDLE.get(r, &Text(account.handle.folded()))?;
    if handle.is_some_and(|id| id != account.id) {
        return Err(Error::Taken(Unique::Handle));
    }
    Ok(())
}

pub(super) fn require_free_email(r: &impl Read, account: &Account) -> Result<()> {
    if let Some(email) = &account.email {
        let owner = ID_BY_EMAIL.get(r, &email_mark(r, &email.folded())?)?;
        if owner.is_some_and(|id| id != account.id) {
            return Err(Error::Taken(Unique::Email));
        }
    }
    Ok(())
}

fn remove_indexes(tx: &mut Tx<'_>, old: &Account) -> Result<()> {
    ID_BY_HANDLE.remove(tx, &Text(old.handle.folded()))?;
    if let Some(email) = &old.email {
        let mark = email_mark(tx, &email.folded())?;
        ID_BY_EMAIL.remove(tx, &mark)?;
    }
    if let Some(role) = old.server_role {
        ACCOUNTS_BY_SERVER_ROLE.remove(tx, &(role, old.id))?;
    }
    for word in words(old) {
        ACCOUNTS_BY_WORD.remove(tx, &word_key(&word, old.id))?;
    }
    Ok(())
}

fn put_indexes(tx: &mut Tx<'_>, account: &Account) -> Result<()> {
    ID_BY_HANDLE.put(tx, &Text(account.handle.folded()), &account.id)?;
    if let Some(email) = &account.email {
        let mark = email_mark(tx, &email.folded())?;
        ID_BY_EMAIL.put(tx, &mark, &account.id)?;
    }
    if let Some(role) = account.server_role {
        ACCOUNTS_BY_SERVER_ROLE.put(tx, &(role, account.id), &())?;
    }
    for word in words(account) {
        ACCOUNTS_BY_WORD.put(tx, &word_key(&word, account.id), &account.id)?;
    }
    Ok(())
}

/// The key of one word of one account: the word, a zero byte that no word holds, the number in fixed width.
pub(crate) fn word_key(word: &str, id: AccountId) -> Text {
    Text(format!("{word}\0{:016x}", id.get()))
}

/// By which words an account is found: those of its display name, and its handle. Closed accounts are found by none.
/// Names in scripts that leave no blanks are found from each of their letters on.
pub(crate) fn words(account: &Account) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if account.is_closed() {
        return found;
    }
    for word in split(account.display_name.as_str()) {
        if word.chars().any(is_unspaced) {
            let starts = word.char_indices().skip(1).map(|(at, _)| at);
            found.extend(starts.filter_map(|at| word.get(at..)).map(str::to_owned));
        }
        found.insert(word);
        while found.len() > SEARCH_WORDS_MAX {
            found.pop_last();
        }
    }
    found.insert(account.handle.folded());
    found
}

/// A text as folded words.
pub(crate) fn split(text: &str) -> Vec<String> {
    let folded = fold(text);
    let parts = folded.split(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_' | '-'));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Whether words of this letter's script usually stand without blanks between them.
fn is_unspaced(letter: char) -> bool {
    matches!(u32::from(letter), 0x0e00..=0x0eff | 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7af | 0x20000..=0x3ffff)
}

/// Whether some administrator other than `but`, open and not locked for good, is left.
pub(crate) fn has_other_administrator(r: &impl Read, but: AccountId) -> Result<bool> {
    let order = chatelaine_store::Order::Ascending;
    let holders = ACCOUNTS_BY_SERVER_ROLE.list(r, &ADMINISTRATOR, None, order, crate::limits::PAGE_ITEMS_MAX)?;
    for ((_, id), ()) in holders {
        // A lock with an end passes by itself; closed and locked for good do not.
        let is_left = matches!(super::get(r, id)?.state, State::Active | State::Locked(Until::At(_)));
        if id != but && is_left {
            return Ok(true);
        }
    }
    Ok(false)
}

//! Finding people: by handle or e-mail address as a whole, by the beginnings of the words of their names. Addresses are found
//! only whole, so that nobody can collect them. Closed accounts are not found.

use chatelaine_store::{Order, TextStart};

use super::account::{self, Account};
use super::index;
use super::profile::{PublicAccount, public_view};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Result};
use crate::ids::AccountId;
use crate::limits::{PAGE_ITEMS_MAX, SEARCH_CHARS_MAX, SEARCH_ROWS_MAX};
use crate::page::{Ask, Page};
use crate::schema::ACCOUNTS_BY_WORD;
use crate::{Core, View};
use chatelaine_store::Text;

/// Finds accounts. Every word of `text` must begin a word of the name or the handle; a text with `@` is an e-mail address.
/// Pages come in the order of the words; a page can be short and still have a next one. Fails with `Invalid(Search, ..)`.
pub fn search(core: &Core, caller: &Caller, text: &str, ask: Ask<String>) -> Result<Page<PublicAccount, String>> {
    let me = caller.require_account()?;
    if text.trim().is_empty() {
        return Err(Error::Invalid(Field::Search, Flaw::Empty));
    }
    if text.chars().count() > SEARCH_CHARS_MAX {
        return Err(Error::Invalid(Field::Search, Flaw::TooLong));
    }
    let now = core.now();
    core.read(|view| {
        if text.contains('@') {
            return by_email(view, me, text, now);
        }
        let words = index::split(text);
        let Some(longest) = words.iter().max_by_key(|word| word.len()) else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let (found, next) = by_words(view, longest, &words, &ask)?;
        let mut items = Vec::with_capacity(found.len());
        for account in found {
            items.push(public_view(view, me, account, now)?);
        }
        Ok(Page { items, next })
    })
}

fn by_email(view: &View<'_>, me: AccountId, text: &str, now: Stamp) -> Result<Page<PublicAccount, String>> {
    let found = account::find_by_email(view, text)?.filter(|account| !account.is_closed());
    let items = found.map(|account| public_view(view, me, account, now)).transpose()?;
    Ok(Page { items: items.into_iter().collect(), next: None })
}

fn by_words(
    view: &View<'_>,
    start: &str,
    words: &[String],
    ask: &Ask<String>,
) -> Result<(Vec<Account>, Option<String>)> {
    let mut found = Vec::new();
    let mut after = ask.after.clone();
    let mut seen = 0;
    loop {
        let key = after.clone().map(Text);
        let rows = ACCOUNTS_BY_WORD.list(view, &TextStart(start), key.as_ref(), Order::Ascending, PAGE_ITEMS_MAX)?;
        let last_page = rows.len() < PAGE_ITEMS_MAX;
        for (key, id) in rows {
            let account = account::get(view, id)?;
            if is_hit(&account, &key.0, start, words) {
                found.push(account);
            }
            seen += 1;
            after = Some(key.0);
            if found.len() >= ask.items() || seen >= SEARCH_ROWS_MAX {
                return Ok((found, after));
            }
        }
        if last_page {
            return Ok((found, None));
        }
    }
}

/// Whether the row is the first of its account's words that fits, and all other wanted words fit too.
fn is_hit(account: &Account, key: &str, start: &str, wanted: &[String]) -> bool {
    let words = index::words(account);
    let first = words.iter().find(|word| word.starts_with(start));
    first.is_some_and(|word| index::word_key(word, account.id).0 == key)
        && wanted.iter().all(|want| words.iter().any(|word| word.starts_with(want)))
}

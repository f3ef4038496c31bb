//! All accounts, page by page by number, for those who look after them: with a filter over names, state and age.
//!
//! Without a filter a page costs a walk over the keys before it. With one, rows are read in the order of their numbers, a
//! bounded number of them in memory at a time and `LISTED_ROWS_MAX` in all, because a part of a name has no index.

use chatelaine_store::{Order, Read};

use super::account::{Account, State, fold};
use crate::Core;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::figures::counts::{self, Counted};
use crate::ids::AccountId;
use crate::limits::{LISTED_ROWS_MAX, LISTED_ROWS_PAGE, ROOMS_PER_ACCOUNT_MAX};
use crate::page::{NumberedPage, PageNumber};
use crate::presence;
use crate::schema::{ACCOUNT_BY_ID, ROOMS_BY_ACCOUNT};
use crate::server_roles::{self, ServerPermission};

/// How an account stands at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It can be used.
    Open,
    /// It was closed.
    Closed,
    /// An administrator's lock holds.
    Locked,
}

impl Standing {
    /// How the account stands at `now`.
    pub fn of(account: &Account, now: Stamp) -> Standing {
        match account.state {
            State::Closed(_) => Standing::Closed,
            State::Locked(until) if until.holds(now) => Standing::Locked,
            State::Locked(_) | State::Active => Standing::Open,
        }
    }
}

/// Which accounts; what is not given does not matter.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountFilter {
    /// How they stand.
    pub standing: Option<Standing>,
    /// A part of the e-mail address, in any case of letters.
    pub email: Option<String>,
    /// A part of the name shown, in any case of letters.
    pub name: Option<String>,
    /// Made then or later.
    pub made_from: Option<Stamp>,
    /// Made then or earlier.
    pub made_to: Option<Stamp>,
}

/// One account of the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// The account.
    pub account: Account,
    /// How it stands.
    pub standing: Standing,
    /// The last sign of life; none when it never gave one, or hides.
    pub seen_at: Option<Stamp>,
    /// How many rooms it is in.
    pub rooms: usize,
}

/// A page of all accounts that pass the filter, in the order in which they were made. Needs the permission to view users.
pub fn list_numbered(
    core: &Core,
    caller: &Caller,
    filter: &AccountFilter,
    page: PageNumber,
) -> Result<NumberedPage<Listed>> {
    let now = core.now();
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ViewUsers)?;
        let (accounts, total) = match Sieve::new(filter, now) {
            None => (unfiltered(view, page)?, counts::count(view, Counted::Accounts)?),
            Some(sieve) => filtered(view, &sieve, page)?,
        };
        let items = accounts.into_iter().map(|account| listed(core, view, account, now));
        Ok(NumberedPage { items: items.collect::<Result<_>>()?, total })
    })
}

fn listed(core: &Core, r: &impl Read, account: Account, now: Stamp) -> Result<Listed> {
    Ok(Listed {
        standing: Standing::of(&account, now),
        seen_at: presence::last_sign(core, r, account.id)?,
        rooms: ROOMS_BY_ACCOUNT.count(r, &account.id, ROOMS_PER_ACCOUNT_MAX)?,
        account,
    })
}

fn unfiltered(r: &impl Read, page: PageNumber) -> Result<Vec<Account>> {
    let mut after: Option<AccountId> = None;
    let mut left = usize::try_from(page.skipped()).unwrap_or(usize::MAX);
    if left > LISTED_ROWS_MAX {
        return Ok(Vec::new());
    }
    while left > 0 {
        let keys = ACCOUNT_BY_ID.keys(r, &(), after.as_ref(), Order::Ascending, left.min(LISTED_ROWS_PAGE))?;
        left = left.saturating_sub(keys.len());
        after = keys.last().copied();
        if after.is_none() {
            return Ok(Vec::new());
        }
    }
    let rows = ACCOUNT_BY_ID.list(r, &(), after.as_ref(), Order::Ascending, page.items())?;
    Ok(rows.into_iter().map(|(_, account)| account).collect())
}

fn filtered(r: &impl Read, sieve: &Sieve<'_>, page: PageNumber) -> Result<(Vec<Account>, u64)> {
    let (skipped, items) = (page.skipped(), page.items());
    let (mut found, mut total, mut read) = (Vec::new(), 0_u64, 0);
    let mut after: Option<AccountId> = None;
    while read < LISTED_ROWS_MAX {
        let rows = ACCOUNT_BY_ID.list(r, &(), after.as_ref(), Order::Ascending, LISTED_ROWS_PAGE)?;
        let is_last = rows.len() < LISTED_ROWS_PAGE;
        after = rows.last().map(|(id, _)| *id);
        read += rows.len();
        for (_, account) in rows.into_iter().filter(|(_, account)| sieve.passes(account)) {
            total += 1;
            if total > skipped && found.len() < items {
                found.push(account);
            }
        }
        if is_last {
            break;
        }
    }
    Ok((found, total))
}

/// A filter that is ready to be compared with.
struct Sieve<'a> {
    filter: &'a AccountFilter,
    email: String,
    name: String,
    now: Stamp,
}

impl Sieve<'_> {
    /// None when everything passes.
    fn new(filter: &AccountFilter, now: Stamp) -> Option<Sieve<'_>> {
        let folded = |part: &Option<String>| part.as_deref().map(fold).unwrap_or_default();
        let sieve = Sieve { filter, email: folded(&filter.email), name: folded(&filter.name), now };
        let blank = AccountFilter { email: None, name: None, ..filter.clone() } == AccountFilter::default();
        (!blank || !sieve.email.is_empty() || !sieve.name.is_empty()).then_some(sieve)
    }

    fn passes(&self, account: &Account) -> bool {
        let AccountFilter { standing, made_from, made_to, .. } = self.filter;
        let email = || account.email.as_ref().map(|email| email.folded()).unwrap_or_default();
        standing.is_none_or(|wanted| Standing::of(account, self.now) == wanted)
            && made_from.is_none_or(|from| account.created_at >= from)
            && made_to.is_none_or(|to| account.created_at <= to)
            && (self.name.is_empty() || fold(account.display_name.as_str()).contains(&self.name))
            && (self.email.is_empty() || email().contains(&self.email))
    }
}

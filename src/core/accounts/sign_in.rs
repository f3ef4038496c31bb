//! Proving to be somebody by a password. The hash is computed outside the writer; what comes of it is decided inside, so
//! that many guesses at the same moment count like many in a row. An unknown account costs as much as a wrong password.
//! Wrong ones are counted per account, from the first on and across restarts, and lock the account for the rest of the window.

use chatelaine_store::{Read, Row};
use serde::{Deserialize, Serialize};

use super::account::{self, Account};
use super::index;
use super::password::PasswordHash;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Result, SignInFlaw, Thing};
use crate::ids::AccountId;
use crate::schema::FAILURES_BY_ACCOUNT;
use crate::secrets::Secret;
use crate::settings;
use crate::{Core, Tx};

/// Proof that somebody is this account. Only what checks a password or a one-time token can make one; logins open with it alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proven {
    account: Account,
}

impl Proven {
    pub(crate) fn new(account: Account) -> Self {
        Self { account }
    }

    /// The account, as it was when proved.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Its number.
    pub fn id(&self) -> AccountId {
        self.account.id
    }
}

/// By which name somebody signs in.
#[derive(Clone, PartialEq, Eq)]
pub enum Named {
    /// Handle or e-mail address, whichever it is.
    Any(String),
    /// A handle.
    Handle(String),
    /// An e-mail address.
    Email(String),
    /// A number.
    Id(AccountId),
}

/// A name can be an address, which is not printed.
impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Named(***)")
    }
}

/// Wrong passwords of one account within the present window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When the first of them was.
    pub since: Stamp,
}

impl Row for Failures {}

/// Checks name and password. Fails with `SignIn(UnknownAccount)`, `WrongPassword`, `NoPassword`, `Locked` (after too many wrong
/// ones also with the right password) or, after the right password only, `Locked` by an administrator and `Closed`; with `Busy` when too many passwords wait to be hashed.
pub fn sign_in(core: &Core, caller: &Caller, named: &Named, password: &Secret<String>) -> Result<Proven> {
    let settings = core.settings();
    let now = core.now();
    let found = core.read(|view| find(view, named))?;
    let stored = found.as_ref().and_then(|account| account.password.as_ref());
    let right = core.hasher().verify(password, stored, &settings.accounts)?;
    let account = found.ok_or(Error::SignIn(SignInFlaw::UnknownAccount))?;
    // Not before the hash: the time it takes would tell that the account is locked, and so that it is there.
    core.read(|view| require_guesses_left(view, account.id, &settings.accounts, now))?;
    let Some(stored) = &account.password else {
        return Err(Error::SignIn(SignInFlaw::NoPassword));
    };
    if right {
        require_no_lock(&account, now)?;
        accept(core, caller, &account, stored, password).map(Proven::new)
    } else {
        refuse(core, caller, account.id, now)
    }
}

fn find(r: &impl Read, named: &Named) -> Result<Option<Account>> {
    match named {
        Named::Any(name) => account::find_by_name(r, name),
        Named::Handle(name) if name.contains('@') => Ok(None),
        Named::Handle(name) => account::find_by_name(r, name),
        Named::Email(name) if name.contains('@') => account::find_by_name(r, name),
        Named::Email(_) => Ok(None),
        Named::Id(id) => match account::get(r, *id) {
            Ok(account) => Ok(Some(account)),
            Err(Error::NotFound(Thing::Account)) => Ok(None),
            Err(other) => Err(other),
        },
    }
}

fn accept(
    core: &Core,
    caller: &Caller,
    account: &Account,
    stored: &PasswordHash,
    password: &Secret<String>,
) -> Result<Account> {
    let settings = core.settings();
    let dated = stored.is_dated(&settings.accounts);
    let fresh = if dated { Some(core.hasher().hash(password, &settings.accounts)?) } else { None };
    let clean = core.read(|view| FAILURES_BY_ACCOUNT.get(view, &account.id))?.is_none();
    if fresh.is_none() && clean {
        return require_open(account.clone());
    }
    let (id, stored, now) = (account.id, stored.clone(), core.now());
    core.write(caller, move |tx| {
        let account = account::get(tx, id)?;
        // Of many guesses at once, those beyond the allowed number must not count even when one is right.
        require_guesses_left(tx, id, &settings.accounts, now)?;
        require_no_lock(&account, now)?;
        FAILURES_BY_ACCOUNT.remove(tx, &id)?;
        let account = rehash(tx, account, &stored, fresh.as_ref())?;
        require_open(account)
    })
}

/// Keeps the password hashed at the present cost, unless it was changed meanwhile.
fn rehash(tx: &mut Tx<'_>, account: Account, old: &PasswordHash, fresh: Option<&PasswordHash>) -> Result<Account> {
    if account.password.as_ref() != Some(old) {
        return Err(Error::SignIn(SignInFlaw::WrongPassword));
    }
    let Some(fresh) = fresh else { return Ok(account) };
    let changed = Account { password: Some(fresh.clone()), ..account.clone() };
    index::replace(tx, &account, &changed)?;
    Ok(changed)
}

fn refuse(core: &Core, caller: &Caller, id: AccountId, now: Stamp) -> Result<Proven> {
    let settings = core.settings();
    if settings.accounts.lock_after > 0 {
        core.write(caller, move |tx| {
            let kept = FAILURES_BY_ACCOUNT.get(tx, &id)?;
            let running = kept.filter(|failures| is_counting(*failures, &settings.accounts, now));
            let failures = running.unwrap_or(Failures { count: 0, since: now });
            let count = failures.count.saturating_add(1);
            Ok(FAILURES_BY_ACCOUNT.put(tx, &id, &Failures { count, ..failures })?)
        })?;
    }
    Err(Error::SignIn(SignInFlaw::WrongPassword))
}

/// Whether wrong passwords of then still count.
pub(crate) fn is_counting(failures: Failures, settings: &settings::Accounts, now: Stamp) -> bool {
    now < failures.since.plus_seconds(settings.lock_window_s)
}

/// Fails with `SignIn(Locked)` while an administrator's lock holds; asked only once somebody has shown that he is this account.
fn require_no_lock(account: &Account, now: Stamp) -> Result<()> {
    account.lock_left(now).map_or(Ok(()), |retry_ms| Err(Error::SignIn(SignInFlaw::Locked { retry_ms })))
}

/// Fails with `SignIn(Locked)` while too many wrong passwords hold.
fn require_guesses_left(r: &impl Read, account: AccountId, settings: &settings::Accounts, now: Stamp) -> Result<()> {
    if settings.lock_after == 0 {
        return Ok(());
    }
    match FAILURES_BY_ACCOUNT.get(r, &account)? {
        Some(failures) if failures.count >= settings.lock_after && is_counting(failures, settings, now) => {
            let end = failures.since.plus_seconds(settings.lock_window_s);
            Err(Error::SignIn(SignInFlaw::Locked { retry_ms: Some(end.millis_since(now)) }))
        }
        _ => Ok(()),
    }
}

fn require_open(account: Account) -> Result<Account> {
    if account.is_closed() { Err(Error::SignIn(SignInFlaw::Closed)) } else { Ok(account) }
}

/// Proves the caller's own password once more, before something that cannot be undone. Wrong ones count like at sign-in.
pub(crate) fn prove_again(core: &Core, caller: &Caller, password: &Secret<String>) -> Result<Proven> {
    let id = caller.require_account()?;
    sign_in(core, caller, &Named::Id(id), password)
}

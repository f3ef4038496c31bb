//! Proving to be somebody by a password. The hash is computed outside the writer; what comes of it is decided inside, so
//! that many guesses at the same moment count like many in a row. An unknown account costs as much as a wrong password.
//! Wrong ones are counted by `guesses`, under the name that was typed, whether or not it leads to an account.

use chatelaine_store::Read;

use super::account::{self, Account};
use super::guesses;
use super::identifiers;
use super::index;
use super::password::PasswordHash;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Result, SignInFlaw, Thing};
use crate::ids::AccountId;
use crate::secrets::Secret;
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
    /// A number, known from elsewhere than what somebody typed.
    Id(AccountId),
    /// A number that somebody typed. Wrong passwords count apart from those of `Id`, or strangers could lock it.
    Number(AccountId),
    /// A further identifier, in the form in which it is kept.
    Identifier(identifiers::Kind, String),
}

/// A name can be an address, which is not printed.
impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Named(***)")
    }
}

/// A number under which tries of this name can be counted outside the store; the name cannot be read from it.
pub fn tries_key(core: &Core, named: &Named) -> u128 {
    let key = guesses::key(core.keys(), named);
    key.iter().take(16).fold(0, |number, byte| (number << 8) | u128::from(*byte))
}

/// Checks name and password. Fails with `SignIn(UnknownAccount)`, `WrongPassword`, `NoPassword`, `Locked` (after too many wrong
/// ones also with the right password) or, after the right password only, `LockedOut` and `Closed`; with `Busy` when too many
/// passwords wait to be hashed.
pub fn sign_in(core: &Core, caller: &Caller, named: &Named, password: &Secret<String>) -> Result<Proven> {
    let settings = core.settings();
    let now = core.now();
    let found = core.read(|view| find(core, view, named))?;
    let stored = found.as_ref().and_then(|account| account.password.as_ref());
    let right = core.hasher().verify(password, stored, &settings.accounts)?;
    // Not before the hash: the time it takes would tell what is locked from what is not.
    let key = guesses::key(core.keys(), named);
    core.read(|view| guesses::require_left(view, &key, &settings.accounts, now))?;
    let flaw = match found {
        Some(account) if right => {
            require_no_lock(&account, now)?;
            return accept(core, caller, &account, key, password).and_then(require_open).map(Proven::new);
        }
        Some(account) if account.password.is_none() => SignInFlaw::NoPassword,
        Some(_) => SignInFlaw::WrongPassword,
        None => SignInFlaw::UnknownAccount,
    };
    guesses::count(core, caller, key, now)?;
    Err(Error::SignIn(flaw))
}

/// Whether who signs in must have proved the e-mail address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Address {
    /// No.
    AsItIs,
    /// Yes.
    Proved,
}

/// As [`sign_in`], for a protocol whose answers tell who has an account, so that there is nothing to hide: an unknown name is
/// refused at once and not counted, an unproved address and a missing password before the password is looked at. Wrong ones
/// count under the handle, by whichever name they came. Closed accounts pass: what they may do later is nothing.
pub fn sign_in_openly(
    core: &Core,
    caller: &Caller,
    named: &Named,
    password: &Secret<String>,
    address: Address,
) -> Result<Proven> {
    let (settings, now) = (core.settings(), core.now());
    let found = core.read(|view| find(core, view, named))?;
    let account = found.ok_or(Error::SignIn(SignInFlaw::UnknownAccount))?;
    if address == Address::Proved && account.email_verified_at.is_none() {
        return Err(Error::SignIn(SignInFlaw::EmailNotVerified));
    }
    let stored = account.password.as_ref().ok_or(Error::SignIn(SignInFlaw::NoPassword))?;
    let key = guesses::key(core.keys(), &Named::Handle(account.handle.as_str().to_owned()));
    core.read(|view| guesses::require_left(view, &key, &settings.accounts, now))?;
    let right = match core.hasher().verify(password, Some(stored), &settings.accounts) {
        // No account has a password that long.
        Err(Error::Invalid(Field::Password, _)) => false,
        other => other?,
    };
    if !right {
        guesses::count(core, caller, key, now)?;
        return Err(Error::SignIn(SignInFlaw::WrongPassword));
    }
    require_no_lock(&account, now)?;
    accept(core, caller, &account, key, password).map(Proven::new)
}

fn find(core: &Core, r: &impl Read, named: &Named) -> Result<Option<Account>> {
    match named {
        Named::Any(name) => account::find_by_name(r, name),
        Named::Handle(name) if name.contains('@') => Ok(None),
        Named::Handle(name) => account::find_by_name(r, name),
        Named::Email(name) if name.contains('@') => account::find_by_name(r, name),
        Named::Email(_) => Ok(None),
        Named::Identifier(kind, value) => identifiers::find(core, r, *kind, value),
        Named::Id(id) | Named::Number(id) => match account::get(r, *id) {
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
    key: guesses::Key,
    password: &Secret<String>,
) -> Result<Account> {
    let settings = core.settings();
    let stored = account.password.clone().ok_or(Error::SignIn(SignInFlaw::NoPassword))?;
    let dated = stored.is_dated(&settings.accounts);
    let fresh = if dated { Some(core.hasher().hash(password, &settings.accounts)?) } else { None };
    let mut names = guesses::keys_of(core.keys(), account);
    // Of an identifier the account itself does not know.
    names.push(key);
    let counted = core.read(|view| guesses::has_any(view, &names))?;
    if fresh.is_none() && !counted {
        return Ok(account.clone());
    }
    let (id, now) = (account.id, core.now());
    core.write(caller, move |tx| {
        let account = account::get(tx, id)?;
        // Of many guesses at once, those beyond the allowed number must not count even when one is right.
        guesses::require_left(tx, &key, &settings.accounts, now)?;
        require_no_lock(&account, now)?;
        guesses::forget(tx, &names)?;
        rehash(tx, account, &stored, fresh.as_ref())
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

/// Fails with `SignIn(LockedOut)` while an administrator's lock holds; asked only once somebody has shown that he is this account.
pub(super) fn require_no_lock(account: &Account, now: Stamp) -> Result<()> {
    account.lock_left(now).map_or(Ok(()), |retry_ms| Err(Error::SignIn(SignInFlaw::LockedOut { retry_ms })))
}

fn require_open(account: Account) -> Result<Account> {
    if account.is_closed() { Err(Error::SignIn(SignInFlaw::Closed)) } else { Ok(account) }
}

/// Proves the caller's own password once more, before something that cannot be undone. Wrong ones count like at sign-in.
pub(crate) fn prove_again(core: &Core, caller: &Caller, password: &Secret<String>) -> Result<Proven> {
    let id = caller.require_account()?;
    sign_in(core, caller, &Named::Id(id), password)
}

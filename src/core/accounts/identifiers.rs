//! Further identifiers of an account, which some protocols sign people in or find them by: phone, identity number, keys.
//! One value of a kind belongs to one account. The index holds its mark, so who reads the store cannot look a number up, and the
//! rows are sealed; what others may see is kept masked beside the value, and a key, which is public, in full.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::account::{self, Account};
use super::person::mask;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Result, Thing, Unique};
use crate::ids::AccountId;
use crate::limits::{IDENTIFIER_BYTES_MAX, IDENTIFIERS_MAX};
use crate::page::Done;
use crate::schema::{ID_BY_IDENTIFIER, IDENTIFIER_BY_ACCOUNT};
use crate::{Core, Tx};

/// What an identifier is. The numbers are those of the rows and never change.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Kind {
    /// A phone number.
    Phone,
    /// A national identity number.
    IdentityNumber,
    /// A public key.
    Key,
    /// An account at another place that vouches for people.
    Elsewhere,
}

impl Kind {
    pub(super) const fn number(self) -> u8 {
        match self {
            Kind::Phone => 1,
            Kind::IdentityNumber => 2,
            Kind::Key => 3,
            Kind::Elsewhere => 4,
        }
    }

    const fn unique(self) -> Unique {
        match self {
            Kind::Phone => Unique::Phone,
            Kind::IdentityNumber => Unique::IdentityNumber,
            // What opens one account opens no other.
            Kind::Key | Kind::Elsewhere => Unique::Key,
        }
    }
}

/// One identifier as it is stored. Its value is personal, so it is not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifier {
    /// What it is.
    pub kind: Kind,
    /// What may be shown: the masked value, or the whole of a key.
    pub shown: String,
    /// The whole value of a number, for its owner; none of what was kept before it was.
    value: Option<String>,
    /// When it was proved to be the account's.
    pub verified_at: Option<Stamp>,
    /// When it was added.
    pub added_at: Stamp,
}

impl Row for Identifier {}

impl Identifier {
    /// The whole value, for its owner's eyes: of phones and identity numbers, unless it was kept by an early version.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }
}

impl std::fmt::Debug for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identifier({:?}, ***)", self.kind)
    }
}

/// An identifier to add: the value in its canonical form, and what of it may be shown. It is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct NewIdentifier {
    /// What it is.
    pub kind: Kind,
    /// The whole value, in the one form in which it is compared.
    pub value: String,
    /// The masked value.
    pub shown: String,
}

impl NewIdentifier {
    /// A phone number. A mobile number of China is its eleven digits, also when it came with +86; any other is international: a
    /// plus and 7 to 15 digits. Blanks and hyphens do not count. Fails with `Invalid(Identifier, ..)`.
    pub fn phone(text: &str) -> Result<Self> {
        let text: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
        let is_mobile = |digits: &str| digits.len() == 11 && digits.starts_with('1') && all_digits(digits);
        let value = match (text.strip_prefix("+86"), text.strip_prefix('+')) {
            (Some(mobile), _) if is_mobile(mobile) => mobile.to_owned(),
            (_, Some(digits)) if (7..=15).contains(&digits.len()) && all_digits(digits) => text,
            (_, None) if is_mobile(&text) => text,
            _ => return Err(Error::Invalid(Field::Identifier, Flaw::Malformed)),
        };
        Ok(Self::masked(Kind::Phone, value))
    }

    /// An identity number: 6 to 32 letters and digits, compared in capitals. Fails with `Invalid(Identifier, ..)`.
    pub fn identity_number(text: &str) -> Result<Self> {
        let value = text.trim().to_ascii_uppercase();
        if !(6..=32).contains(&value.len()) || !value.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::Invalid(Field::Identifier, Flaw::Malformed));
        }
        Ok(Self::masked(Kind::IdentityNumber, value))
    }

    fn masked(kind: Kind, value: String) -> Self {
        Self { kind, shown: mask(&value, 3, 4), value }
    }
}

impl std::fmt::Debug for NewIdentifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewIdentifier({:?}, ***)", self.kind)
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An identifier that may be kept, with what its mark is made of.
#[derive(Clone)]
pub(super) struct Checked {
    new: NewIdentifier,
    hash: [u8; 32],
}

impl Checked {
    /// Checks an identifier.
    pub(super) fn new(core: &Core, new: NewIdentifier) -> Result<Self> {
        if new.value.is_empty() {
            return Err(Error::Invalid(Field::Identifier, Flaw::Empty));
        }
        if new.value.len().max(new.shown.len()) > IDENTIFIER_BYTES_MAX {
            return Err(Error::Invalid(Field::Identifier, Flaw::TooLong));
        }
        let hash = core.keys().identifier_hash(new.kind.number(), &new.value);
        Ok(Self { new, hash })
    }

    /// Checks the identifiers of a new account, in the order in which they are asked for: the identity number first.
    pub(super) fn all(core: &Core, new: &[NewIdentifier]) -> Result<Vec<Self>> {
        let mut checked: Vec<Self> = new.iter().cloned().map(|new| Self::new(core, new)).collect::<Result<_>>()?;
        checked.sort_by_key(|one| one.new.kind != Kind::IdentityNumber);
        Ok(checked)
    }
}

/// Adds an identifier to the caller's account. Fails with `Taken(..)` when another account has it; one's own again is `AlreadySo`.
pub fn add(core: &Core, caller: &Caller, new: NewIdentifier) -> Result<Done> {
    let (id, now) = (caller.require_account()?, core.now());
    let checked = Checked::new(core, new)?;
    core.write(caller, move |tx| {
        account::get_open(tx, id)?;
        add_within(tx, now, id, &checked)
    })
}

pub(super) fn add_within(tx: &mut Tx<'_>, now: Stamp, id: AccountId, checked: &Checked) -> Result<Done> {
    require_free(tx, id, checked)?;
    if holds(tx, id, checked)? {
        return Ok(Done::AlreadySo);
    }
    let (new, mark) = (&checked.new, mark(tx, &checked.hash)?);
    if IDENTIFIER_BY_ACCOUNT.count(tx, &id, IDENTIFIERS_MAX)? >= IDENTIFIERS_MAX {
        return Err(Error::OverLimit(Limit::Identifiers));
    }
    let value = matches!(new.kind, Kind::Phone | Kind::IdentityNumber).then(|| new.value.clone());
    let row = Identifier { kind: new.kind, shown: new.shown.clone(), value, verified_at: None, added_at: now };
    IDENTIFIER_BY_ACCOUNT.put(tx, &(id, new.kind.number(), mark), &row)?;
    ID_BY_IDENTIFIER.put(tx, &(new.kind.number(), mark), &id)?;
    Ok(Done::Done)
}

/// Puts an identifier in place of those of its kind that the account has; one that it has already is `AlreadySo`.
pub(super) fn replace(tx: &mut Tx<'_>, now: Stamp, id: AccountId, checked: &Checked) -> Result<Done> {
    if holds(tx, id, checked)? {
        return Ok(Done::AlreadySo);
    }
    let kind = checked.new.kind.number();
    for key in IDENTIFIER_BY_ACCOUNT.keys(tx, &(id, kind), None, Order::Ascending, IDENTIFIERS_MAX)? {
        remove_within(tx, &key)?;
    }
    add_within(tx, now, id, checked)
}

/// Takes an identifier with its index away.
pub(super) fn remove_within(tx: &mut Tx<'_>, key: &(AccountId, u8, [u8; 32])) -> Result<()> {
    IDENTIFIER_BY_ACCOUNT.remove(tx, key)?;
    Ok(ID_BY_IDENTIFIER.remove(tx, &(key.1, key.2))?)
}

/// Fails with `Taken` when another account has it.
pub(super) fn require_free(r: &impl Read, id: AccountId, checked: &Checked) -> Result<()> {
    match owner(r, checked)? {
        Some(owner) if owner != id => Err(Error::Taken(checked.new.kind.unique())),
        _ => Ok(()),
    }
}

/// Whether the account has it.
pub(super) fn holds(r: &impl Read, id: AccountId, checked: &Checked) -> Result<bool> {
    Ok(owner(r, checked)? == Some(id))
}

/// Whose it is.
pub(super) fn owner(r: &impl Read, checked: &Checked) -> Result<Option<AccountId>> {
    holder(r, checked.new.kind, &checked.hash)
}

/// The first identifier of a kind that an account has; for its owner's dialect and for masking.
pub fn first(r: &impl Read, account: AccountId, kind: Kind) -> Result<Option<Identifier>> {
    Ok(IDENTIFIER_BY_ACCOUNT.first(r, &(account, kind.number()))?.map(|(_, row)| row))
}

/// Under what an identifier is found. The hash alone could be tried out with what the store holds.
fn mark(r: &impl Read, hash: &[u8; 32]) -> Result<[u8; 32]> {
    Ok(ID_BY_IDENTIFIER.mark(r, hash)?)
}

/// Who holds the identifier of this hash.
fn holder(r: &impl Read, kind: Kind, hash: &[u8; 32]) -> Result<Option<AccountId>> {
    Ok(ID_BY_IDENTIFIER.get(r, &(kind.number(), mark(r, hash)?))?)
}

/// Takes an identifier off the caller's account. Fails with `NotFound(Identifier)`.
pub fn remove(core: &Core, caller: &Caller, kind: Kind, value: &str) -> Result<()> {
    let id = caller.require_account()?;
    let hash = core.keys().identifier_hash(kind.number(), value);
    core.write(caller, move |tx| {
        let key = (id, kind.number(), mark(tx, &hash)?);
        if !IDENTIFIER_BY_ACCOUNT.has(tx, &key)? {
            return Err(Error::NotFound(Thing::Identifier));
        }
        remove_within(tx, &key)
    })
}

/// Lists the caller's identifiers.
pub fn list(core: &Core, caller: &Caller) -> Result<Vec<Identifier>> {
    let id = caller.require_account()?;
    let rows = core.read(|view| IDENTIFIER_BY_ACCOUNT.list(view, &id, None, Order::Ascending, IDENTIFIERS_MAX))?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// The account that holds an identifier; for dialects that sign people in by it.
pub fn find(core: &Core, r: &impl Read, kind: Kind, value: &str) -> Result<Option<Account>> {
    let hash = core.keys().identifier_hash(kind.number(), value);
    holder(r, kind, &hash)?.map(|id| account::get(r, id)).transpose()
}

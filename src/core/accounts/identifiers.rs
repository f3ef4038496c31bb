//! Further identifiers of an account, which some protocols sign people in or find them by: phone, identity number, keys.
//! One value of a kind belongs to one account. The index holds its mark, so who reads the store cannot look a number up, and the
//! rows are sealed; what others may see is kept masked beside the value, and a key, which is public, in full.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::account::{self, Account};
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

/// An identifier to add: the value in its canonical form, and what of it may be shown.
#[derive(Clone)]
pub struct NewIdentifier {
    /// What it is.
    pub kind: Kind,
    /// The whole value, in the one form in which it is compared.
    pub value: String,
    /// The masked value.
    pub shown: String,
}

/// Adds an identifier to the caller's account. Fails with `Taken(..)` when another account has it; one's own again is `AlreadySo`.
pub fn add(core: &Core, caller: &Caller, new: NewIdentifier) -> Result<Done> {
    let id = caller.require_account()?;
    if new.value.is_empty() {
        return Err(Error::Invalid(Field::Identifier, Flaw::Empty));
    }
    if new.value.len() > IDENTIFIER_BYTES_MAX || new.shown.len() > IDENTIFIER_BYTES_MAX {
        return Err(Error::Invalid(Field::Identifier, Flaw::TooLong));
    }
    let hash = core.keys().identifier_hash(new.kind.number(), &new.value);
    let now = core.now();
    core.write(caller, move |tx| {
        account::get_open(tx, id)?;
        add_within(tx, now, id, hash, &new)
    })
}

pub(super) fn add_within(
    tx: &mut Tx<'_>,
    now: Stamp,
    id: AccountId,
    hash: [u8; 32],
    new: &NewIdentifier,
) -> Result<Done> {
    let mark = mark(tx, &hash)?;
    match ID_BY_IDENTIFIER.get(tx, &(new.kind.number(), mark))? {
        Some(owner) if owner == id => return Ok(Done::AlreadySo),
        Some(_) => return Err(Error::Taken(new.kind.unique())),
        None => {}
    }
    if IDENTIFIER_BY_ACCOUNT.count(tx, &id, IDENTIFIERS_MAX)? >= IDENTIFIERS_MAX {
        return Err(Error::OverLimit(Limit::Identifiers));
    }
    let value = matches!(new.kind, Kind::Phone | Kind::IdentityNumber).then(|| new.value.clone());
    let row = Identifier { kind: new.kind, shown: new.shown.clone(), value, verified_at: None, added_at: now };
    IDENTIFIER_BY_ACCOUNT.put(tx, &(id, new.kind.number(), mark), &row)?;
    ID_BY_IDENTIFIER.put(tx, &(new.kind.number(), mark), &id)?;
    Ok(Done::Done)
}

/// Under what an identifier is found. The hash alone could be tried out with what the store holds.
fn mark(r: &impl Read, hash: &[u8; 32]) -> Result<[u8; 32]> {
    Ok(ID_BY_IDENTIFIER.mark(r, hash)?)
}

/// Who holds the identifier of this hash.
pub(super) fn holder(r: &impl Read, kind: Kind, hash: &[u8; 32]) -> Result<Option<AccountId>> {
    Ok(ID_BY_IDENTIFIER.get(r, &(kind.number(), mark(r, hash)?))?)
}

/// Takes an identifier off the caller's account. Fails with `NotFound(Identifier)`.
pub fn remove(core: &Core, caller: &Caller, kind: Kind, value: &str) -> Result<()> {
    let id = caller.require_account()?;
    let hash = core.keys().identifier_hash(kind.number(), value);
    core.write(caller, move |tx| {
        let mark = mark(tx, &hash)?;
        if !IDENTIFIER_BY_ACCOUNT.has(tx, &(id, kind.number(), mark))? {
            return Err(Error::NotFound(Thing::Identifier));
        }
        IDENTIFIER_BY_ACCOUNT.remove(tx, &(id, kind.number(), mark))?;
        Ok(ID_BY_IDENTIFIER.remove(tx, &(kind.number(), mark))?)
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

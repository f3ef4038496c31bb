//! Further identifiers of an account, which some protocols sign people in or find them by: phone, identity number, keys.
//! One value of a kind belongs to one account. The index holds a keyed hash, so who reads the store cannot look a number up;
//! what may be shown again is kept masked, and a key, which is public, in full.

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

/// One identifier as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Identifier {
    /// What it is.
    pub kind: Kind,
    /// What may be shown: the masked value, or the whole of a key.
    pub shown: String,
    /// The value in a form that only this server can read back; none while nothing needs it again.
    pub sealed: Option<Vec<u8>>,
    /// When it was proved to be the account's.
    pub verified_at: Option<Stamp>,
    /// When it was added.
    pub added_at: Stamp,
}

impl Row for Identifier {}

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
    match ID_BY_IDENTIFIER.get(tx, &(new.kind.number(), hash))? {
        Some(owner) if owner == id => return Ok(Done::AlreadySo),
        Some(_) => return Err(Error::Taken(new.kind.unique())),
        None => {}
    }
    if IDENTIFIER_BY_ACCOUNT.count(tx, &id, IDENTIFIERS_MAX)? >= IDENTIFIERS_MAX {
        return Err(Error::OverLimit(Limit::Identifiers));
    }
    let row = Identifier { kind: new.kind, shown: new.shown.clone(), sealed: None, verified_at: None, added_at: now };
    IDENTIFIER_BY_ACCOUNT.put(tx, &(id, new.kind.number(), hash), &row)?;
    ID_BY_IDENTIFIER.put(tx, &(new.kind.number(), hash), &id)?;
    Ok(Done::Done)
}

/// Takes an identifier off the caller's account. Fails with `NotFound(Identifier)`.
pub fn remove(core: &Core, caller: &Caller, kind: Kind, value: &str) -> Result<()> {
    let id = caller.require_account()?;
    let hash = core.keys().identifier_hash(kind.number(), value);
    core.write(caller, move |tx| {
        let key = (id, kind.number(), hash);
        if !IDENTIFIER_BY_ACCOUNT.has(tx, &key)? {
            return Err(Error::NotFound(Thing::Identifier));
        }
        IDENTIFIER_BY_ACCOUNT.remove(tx, &key)?;
        Ok(ID_BY_IDENTIFIER.remove(tx, &(kind.number(), hash))?)
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
    let id = ID_BY_IDENTIFIER.get(r, &(kind.number(), hash))?;
    id.map(|id| account::get(r, id)).transpose()
}

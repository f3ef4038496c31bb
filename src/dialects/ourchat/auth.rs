//! Tokens of this protocol: a bearer JWT with the account's number, five days long (ourchat section 3).
//!
//! The protocol has no revocation and the token no room for one, so the signing key does it: it is made of the server's secret,
//! the account and the account's generation. "Sign out everywhere", a new password or a lock raise the generation, and every
//! older token is no token any more.

use std::ops::RangeInclusive;

use chatelaine_core::clock::{DAY_S, Stamp};
use chatelaine_core::error::{Error, Thing};
use chatelaine_core::ids::AccountId;
use chatelaine_core::{Caller, accounts};
use chatelaine_http::jwt::{self, Bad, Claims};
use tonic::metadata::MetadataMap;

use crate::wire::Fault;
use crate::{Ourchat, ids};

/// How long a token is good.
const LIFE_S: u64 = 5 * DAY_S;

/// A fresh token of an account.
pub(crate) fn token(at: &Ourchat, account: &accounts::Account, now: Stamp) -> Result<String, Fault> {
    let key = at.core().keys().account_key(account.id, account.generation);
    let claims = Claims { id: account.id.get(), exp: now.plus_seconds(LIFE_S).unix_seconds() };
    jwt::sign(&key, claims).ok_or_else(|| Error::internal(&"a token could not be signed").into())
}

/// The caller of the token in `authorization`, in the protocol's order of checks. Reads memory in the usual case: account rows
/// are kept there.
pub(crate) fn user(at: &Ourchat, metadata: &MetadataMap, stranger: Caller) -> Result<Caller, Fault> {
    let token = bearer(metadata)?;
    let account = account_of(at, token)?;
    Ok(Caller { who: chatelaine_core::Who::Account(account), ..stranger })
}

fn bearer(metadata: &MetadataMap) -> Result<&str, Fault> {
    let value = metadata.get("authorization").ok_or(Fault::TokenMissing)?;
    let value = value.to_str().map_err(|_| Fault::TokenUnreadable)?;
    let mut words = value.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some("Bearer"), Some(token), None) => Ok(token),
        (Some(_), Some(_), None) => Err(Fault::TokenScheme),
        _ => Err(Fault::TokenForm),
    }
}

fn account_of(at: &Ourchat, token: &str) -> Result<AccountId, Fault> {
    let claimed = jwt::claimed(token).ok_or(Fault::TokenInvalid)?;
    let id = ids::account(claimed).map_err(|_| Fault::TokenInvalid)?;
    let now = at.core().now();
    let account = match at.core().read(|view| accounts::get(view, id)) {
        Ok(account) => account,
        Err(Error::NotFound(Thing::Account)) => return Err(gone(at, token, id)),
        Err(other) => return Err(other.into()),
    };
    let (closed, banned) = (account.is_closed(), account.lock_left(now).is_some());
    // Closing and banning raise the generation too; who comes with a token from before is told why it is worth nothing.
    let since =
        if closed || banned { account.generation.saturating_sub(GENERATIONS_TRIED) } else { account.generation };
    match best(at, token, id, since..=account.generation) {
        Ok(()) if closed => Err(Fault::TokenAccountClosed),
        Ok(()) if banned => Err(Fault::TokenAccountBanned),
        Ok(()) => Ok(id),
        Err(fault) => Err(fault),
    }
}

/// An account that is gone keeps nothing by which an old token of it could be told from a forged one; its first generations
/// are tried.
fn gone(at: &Ourchat, token: &str, id: AccountId) -> Fault {
    best(at, token, id, 0..=GENERATIONS_TRIED).err().unwrap_or(Fault::TokenAccountGone)
}

/// How many earlier generations of an account that is out are tried.
const GENERATIONS_TRIED: u64 = 4;

/// Whether the token is one of these generations of the account, and still good.
fn best(at: &Ourchat, token: &str, id: AccountId, generations: RangeInclusive<u64>) -> Result<(), Fault> {
    let now = at.core().now().unix_seconds();
    for generation in generations {
        let key = at.core().keys().account_key(id, generation);
        match jwt::check(token, &key, now) {
            Ok(_) => return Ok(()),
            Err(Bad::Expired) => return Err(Fault::TokenExpired),
            Err(Bad::Invalid) => {}
        }
    }
    Err(Fault::TokenInvalid)
}

//! Tokens of this protocol: a bearer JWT with the number of an account, good for some days, exact to the second.
//!
//! The signing key is made of the server's secret, the account and its generation, so a new password, a lock or "sign out
//! everywhere" end every token. A change of the role does too: the token names the role that it was given under. Whatever is
//! wrong with a token, the answer is the same.

use chatelaine_core::accounts::{self, Account};
use chatelaine_core::clock::DAY_S;
use chatelaine_core::error::{Error, Thing};
use chatelaine_core::ids::AccountId;
use chatelaine_core::{Caller, Core, Who, secrets};
use chatelaine_http::jwt;
use serde::{Deserialize, Serialize};

use crate::wire::Fault;

const TICKET_CHARS: usize = 22;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    /// The number of the account; never a number of the person.
    sub: String,
    /// No two tokens are the same.
    jti: String,
    iat: u64,
    exp: u64,
    /// Whether it was given for a login of an administrator.
    admin: bool,
    /// The role on the server at that moment, 0 for none.
    role: u64,
    generation: u64,
}

/// Somebody with a good token.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// The account.
    pub(crate) account: Account,
    /// As the domain sees him.
    pub(crate) caller: Caller,
    /// Whether he signed in as an administrator.
    pub(crate) admin: bool,
}

/// A fresh token of an account.
pub(crate) fn token(core: &Core, account: &Account, days: u32, admin: bool) -> Result<String, Fault> {
    let key = core.keys().account_key(account.id, account.generation);
    let now = core.now();
    let claims = Claims {
        sub: account.id.to_string(),
        jti: secrets::random_alphanumerics(TICKET_CHARS),
        iat: now.unix_seconds(),
        exp: now.unix_seconds().saturating_add(u64::from(days).saturating_mul(DAY_S)),
        admin,
        role: role(account),
        generation: account.generation,
    };
    jwt::sign(&key, claims).ok_or_else(|| Error::internal(&"a token could not be signed").into())
}

/// The user of an `Authorization` header. Reads memory in the usual case: account rows are kept there.
pub(crate) fn user(core: &Core, header: Option<&str>, stranger: Caller) -> Result<User, Fault> {
    let token = header.and_then(bearer).ok_or(Fault::Token)?;
    let claimed: Claims = jwt::claims(token).ok_or(Fault::Token)?;
    let id = claimed.sub.parse().ok().and_then(|id| AccountId::parse(id).ok()).ok_or(Fault::Token)?;
    let account = match core.read(|view| accounts::get(view, id)) {
        Ok(account) => account,
        Err(Error::NotFound(Thing::Account)) => return Err(Fault::Token),
        Err(other) => return Err(other.into()),
    };
    let key = core.keys().account_key(id, account.generation);
    let claims: Claims = jwt::proven(token, &key).ok_or(Fault::Token)?;
    let now = core.now();
    let is_out = account.is_closed() || account.lock_left(now).is_some();
    if is_out || claims.exp <= now.unix_seconds() || claims.role != role(&account) {
        return Err(Fault::Token);
    }
    let caller = Caller { who: Who::Account(id), ..stranger };
    Ok(User { account, caller, admin: claims.admin })
}

/// The token of a header whose scheme is in any case and has any blanks around it.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(|c: char| c.is_ascii_whitespace())?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.contains(char::is_whitespace)).then_some(token)
}

fn role(account: &Account) -> u64 {
    account.server_role.map_or(0, chatelaine_core::ids::ServerRoleId::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_read_in_any_case_and_with_any_blanks() {
        for header in ["Bearer abc", "bearer abc", "  BEARER   abc  ", "Bearer\tabc"] {
            assert_eq!(bearer(header), Some("abc"), "{header}");
        }
        for header in ["", "Bearer", "Bearer ", "Basic abc", "abc", "Bearer a b", "Bearerabc"] {
            assert_eq!(bearer(header), None, "{header}");
        }
    }
}

//! One-time tokens: what a link in a mail or on paper carries. Each works once, for one purpose, until it lapses; only its
//! hash is kept. An account has few of them; a new one makes the oldest give way.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use crate::clock::Stamp;
use crate::error::{Error, Result, SignInFlaw};
use crate::ids::AccountId;
use crate::limits::ONE_TIME_LINKS_MAX;
use crate::schema::{ONE_TIME_LINK_BY_TOKEN, ONE_TIME_LINKS_BY_ACCOUNT};
use crate::secrets::{self, Secret};
use crate::{Core, Tx};

/// What a one-time token allows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Purpose {
    /// Choosing a new password.
    ResetPassword,
    /// Proving that this address, folded, is the account's.
    ProveEmail(String),
}

/// What is kept of a one-time token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OneTimeLink {
    /// Whose it is.
    pub account: AccountId,
    /// What it allows.
    pub purpose: Purpose,
    /// When it lapses.
    pub expires_at: Stamp,
}

impl Row for OneTimeLink {}

/// A fresh token and the hash under which it is kept.
pub(crate) fn draw(core: &Core) -> (Secret<String>, [u8; 32]) {
    let token = secrets::random_token();
    let hash = core.keys().token_hash(token.reveal());
    (token, hash)
}

/// Keeps a token.
pub(crate) fn put(
    tx: &mut Tx<'_>,
    hash: [u8; 32],
    account: AccountId,
    purpose: Purpose,
    expires_at: Stamp,
) -> Result<()> {
    let keys = keys_of(tx, account)?;
    let surplus = (keys.len() + 1).saturating_sub(ONE_TIME_LINKS_MAX);
    for key in keys.into_iter().take(surplus) {
        ONE_TIME_LINK_BY_TOKEN.remove(tx, &key.2)?;
        ONE_TIME_LINKS_BY_ACCOUNT.remove(tx, &key)?;
    }
    ONE_TIME_LINKS_BY_ACCOUNT.put(tx, &(account, expires_at, hash), &())?;
    Ok(ONE_TIME_LINK_BY_TOKEN.put(tx, &hash, &OneTimeLink { account, purpose, expires_at })?)
}

/// A token that still works. Fails with `SignIn(BadToken)`.
pub(crate) fn find(r: &impl Read, hash: &[u8; 32], now: Stamp) -> Result<OneTimeLink> {
    let found = ONE_TIME_LINK_BY_TOKEN.get(r, hash)?.filter(|link| now < link.expires_at);
    found.ok_or(Error::SignIn(SignInFlaw::BadToken))
}

/// As [`find`], for one purpose.
pub(crate) fn require(r: &impl Read, hash: &[u8; 32], purpose: Purpose, now: Stamp) -> Result<OneTimeLink> {
    let link = find(r, hash, now)?;
    if link.purpose == purpose { Ok(link) } else { Err(Error::SignIn(SignInFlaw::BadToken)) }
}

/// Uses a token up.
pub(crate) fn remove(tx: &mut Tx<'_>, hash: &[u8; 32], link: &OneTimeLink) -> Result<()> {
    ONE_TIME_LINKS_BY_ACCOUNT.remove(tx, &(link.account, link.expires_at, *hash))?;
    Ok(ONE_TIME_LINK_BY_TOKEN.remove(tx, hash)?)
}

/// Makes every token of an account worthless.
pub(crate) fn remove_all(tx: &mut Tx<'_>, account: AccountId) -> Result<()> {
    for key in keys_of(tx, account)? {
        ONE_TIME_LINK_BY_TOKEN.remove(tx, &key.2)?;
        ONE_TIME_LINKS_BY_ACCOUNT.remove(tx, &key)?;
    }
    Ok(())
}

fn keys_of(r: &impl Read, account: AccountId) -> Result<Vec<(AccountId, Stamp, [u8; 32])>> {
    Ok(ONE_TIME_LINKS_BY_ACCOUNT.keys(r, &account, None, Order::Ascending, ONE_TIME_LINKS_MAX)?)
}

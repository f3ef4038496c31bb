//! Proving an e-mail address by a link, for a protocol that asks without an account: whoever opens the link in time has read
//! the mail, and the account with that address, if there is one, is marked. A link works once; few are open at a time.

use chatelaine_store::{Order, Row};
use serde::{Deserialize, Serialize};

use super::account::{self, Account, Email};
use super::index;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Result, SignInFlaw};
use crate::lapsing::due;
use crate::limits::{EMAIL_PROOF_CHARS, EMAIL_PROOFS_KEPT_MAX};
use crate::schema::{EMAIL_PROOF_BY_TOKEN, EMAIL_PROOFS_BY_EXPIRY};
use crate::secrets::{self, Secret};
use crate::{Core, Tx};

/// What is kept of a link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EmailProof {
    email: Email,
    expires_at: Stamp,
}

impl Row for EmailProof {}

/// Makes the secret part of a link to this address, good for so long; to be sent there and nowhere else. Whether somebody has
/// the address is not looked at.
pub fn ask(core: &Core, caller: &Caller, email: &Email, life_s: u64) -> Result<Secret<String>> {
    let token = Secret::new(secrets::random_alphanumerics(EMAIL_PROOF_CHARS));
    let hash = core.keys().token_hash(token.reveal());
    let proof = EmailProof { email: email.clone(), expires_at: core.now().plus_seconds(life_s) };
    core.write(caller, move |tx| {
        make_room(tx, EMAIL_PROOFS_KEPT_MAX)?;
        EMAIL_PROOF_BY_TOKEN.put(tx, &hash, &proof)?;
        Ok(EMAIL_PROOFS_BY_EXPIRY.put(tx, &(proof.expires_at, hash), &())?)
    })?;
    Ok(token)
}

/// Marks the account with the address of this link as verified, if there is one. Fails with `SignIn(BadToken)` for unknown,
/// used and lapsed links alike.
pub fn confirm(core: &Core, caller: &Caller, token: &str) -> Result<()> {
    let hash = core.keys().token_hash(token);
    let now = core.now();
    core.write(caller, move |tx| {
        let bad = Error::SignIn(SignInFlaw::BadToken);
        let proof = EMAIL_PROOF_BY_TOKEN.get(tx, &hash)?.filter(|proof| now < proof.expires_at).ok_or(bad)?;
        remove(tx, proof.expires_at, &hash)?;
        verify(tx, &proof.email, now)
    })
}

fn verify(tx: &mut Tx<'_>, email: &Email, now: Stamp) -> Result<()> {
    let Some(old) = account::find_by_email(tx, email.as_str())? else { return Ok(()) };
    if old.is_closed() || old.email_verified_at.is_some() {
        return Ok(());
    }
    let new = Account { email_verified_at: Some(now), updated_at: now, ..old.clone() };
    index::replace(tx, &old, &new)
}

fn make_room(tx: &mut Tx<'_>, most: usize) -> Result<()> {
    let keys = EMAIL_PROOFS_BY_EXPIRY.keys(tx, &(), None, Order::Ascending, most)?;
    let surplus = (keys.len() + 1).saturating_sub(most);
    keys.into_iter().take(surplus).try_for_each(|(at, hash)| remove(tx, at, &hash))
}

fn remove(tx: &mut Tx<'_>, expires_at: Stamp, hash: &[u8; 32]) -> Result<()> {
    EMAIL_PROOF_BY_TOKEN.remove(tx, hash)?;
    Ok(EMAIL_PROOFS_BY_EXPIRY.remove(tx, &(expires_at, *hash))?)
}

/// Removes links that have lapsed, a page at a time; says how many. For the job that runs now and then.
pub fn expire(core: &Core) -> Result<usize> {
    let now = core.now();
    core.write(&Caller::system(), move |tx| {
        let lapsed = due(tx, &EMAIL_PROOFS_BY_EXPIRY, now, EMAIL_PROOFS_KEPT_MAX)?;
        lapsed.iter().try_for_each(|(at, hash)| remove(tx, *at, hash))?;
        Ok(lapsed.len())
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::accounts::tests::sign_up;
    use crate::testing::World;

    fn verified(core: &Core) -> bool {
        let found = core.read(|view| account::find_by_email(view, "ada@example.org")).unwrap();
        found.unwrap().email_verified_at.is_some()
    }

    fn bad() -> Result<()> {
        Err(Error::SignIn(SignInFlaw::BadToken))
    }

    #[test]
    fn a_link_proves_the_address_once_and_only_in_time() {
        let world = World::new();
        sign_up(&world.core, "ada").unwrap();
        let (system, email) = (Caller::system(), Email::new("Ada@example.org").unwrap());
        let late = ask(&world.core, &system, &email, 300).unwrap();
        assert_eq!(late.reveal().len(), EMAIL_PROOF_CHARS);
        world.clock.wind(Duration::from_secs(300));
        assert_eq!(confirm(&world.core, &system, late.reveal()), bad());
        assert!(!verified(&world.core));
        let token = ask(&world.core, &system, &email, 300).unwrap();
        world.clock.wind(Duration::from_secs(299));
        assert_eq!(confirm(&world.core, &system, token.reveal()), Ok(()));
        assert!(verified(&world.core));
        assert_eq!(confirm(&world.core, &system, token.reveal()), bad(), "once");
        assert_eq!(expire(&world.core), Ok(1));
        assert_eq!(expire(&world.core), Ok(0));
    }

    #[test]
    fn a_link_to_an_address_that_nobody_has_is_good_and_few_links_are_kept() {
        let world = World::new();
        let (system, email) = (Caller::system(), Email::new("nobody@example.org").unwrap());
        let first = ask(&world.core, &system, &email, 300).unwrap();
        world.clock.wind(Duration::from_secs(1));
        let second = ask(&world.core, &system, &email, 300).unwrap();
        world.core.write(&system, |tx| make_room(tx, 2)).unwrap();
        assert_eq!(confirm(&world.core, &system, first.reveal()), bad(), "the oldest gives way");
        assert_eq!(confirm(&world.core, &system, second.reveal()), Ok(()));
    }
}

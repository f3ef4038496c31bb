//! Changing a password, by the old one or by a one-time link that an administrator hands out, and proving an e-mail address.
//! Whoever changes a password ends the other logins: a thief who was signed in is out.

use super::account::{self, Account};
use super::guesses;
use super::index;
use super::password::{self, PasswordHash};
use super::sign_in::{self, Proven};
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Reason, Result, SignInFlaw};
use crate::event::{Audience, Ended, What};
use crate::event_log;
use crate::ids::{AccountId, LoginId};
use crate::limits::{EMAIL_TOKEN_LIFE_S, RESET_LINK_LIFE_S};
use crate::logins::{self, one_time};
use crate::secrets::{Keys, Secret};
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

/// Changes the caller's password and ends all other logins. Fails with `SignIn(WrongPassword)`, counted like at sign-in, or `Invalid(Password, ..)`.
pub fn change_password(core: &Core, caller: &Caller, old: &Secret<String>, new: Secret<String>) -> Result<()> {
    let proven = sign_in::prove_again(core, caller, old)?;
    let hash = hash_new(core, proven.account(), &new)?;
    let (id, keep, now, keys) = (proven.id(), caller.login, core.now(), core.keys().clone());
    core.write(caller, move |tx| replace_password(tx, &keys, now, (id, &hash), keep))?;
    logins::forget_account(core, id);
    Ok(())
}

/// Sets somebody's password; all logins end. Needs the permission to ban.
pub fn set_password(core: &Core, caller: &Caller, id: AccountId, new: Secret<String>) -> Result<()> {
    let account = core.read(|view| {
        server_roles::require_over(view, caller, ServerPermission::BanUser, id)?;
        account::get_open(view, id)
    })?;
    let hash = hash_new(core, &account, &new)?;
    let (now, keys) = (core.now(), core.keys().clone());
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        server_roles::require_over(tx, &caller_again, ServerPermission::BanUser, id)?;
        replace_password(tx, &keys, now, (id, &hash), None)?;
        audit::record(tx, now, &caller_again, Verb::PasswordSet, &format!("account {id}"), "")
    })?;
    logins::forget_account(core, id);
    Ok(())
}

/// Makes a one-time token by which the account's owner can choose a new password, within a day. Needs the permission to ban.
pub fn reset_link(core: &Core, caller: &Caller, id: AccountId) -> Result<Secret<String>> {
    let now = core.now();
    let (token, hash) = one_time::draw(core);
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        server_roles::require_over(tx, &caller_again, ServerPermission::BanUser, id)?;
        account::get_open(tx, id)?;
        let expires_at = now.plus_seconds(RESET_LINK_LIFE_S);
        one_time::put(tx, hash, id, one_time::Purpose::ResetPassword, expires_at)?;
        audit::record(tx, now, &caller_again, Verb::LinkMade, &format!("account {id}"), "")
    })?;
    Ok(token)
}

/// Sets a new password by a one-time token; all logins and all other tokens of the account end.
/// Fails with `SignIn(BadToken)` for unknown, used and lapsed tokens alike.
pub fn reset_password(core: &Core, caller: &Caller, token: &Secret<String>, new: Secret<String>) -> Result<Proven> {
    let hash = core.keys().token_hash(token.reveal().trim());
    let now = core.now();
    let account = core.read(|view| {
        let id = one_time::require(view, &hash, one_time::Purpose::ResetPassword, now)?.account;
        account::get_open(view, id)
    })?;
    let fresh = hash_new(core, &account, &new)?;
    let keys = core.keys().clone();
    let account = core.write(caller, move |tx| {
        let link = one_time::require(tx, &hash, one_time::Purpose::ResetPassword, now)?;
        one_time::remove_all(tx, link.account)?;
        replace_password(tx, &keys, now, (link.account, &fresh), None)?;
        account::get(tx, link.account)
    })?;
    logins::forget_account(core, account.id);
    Ok(Proven::new(account))
}

/// Makes a one-time token that proves the caller's e-mail address; to be sent there and nowhere else.
/// Fails with `Invalid(Email, Empty)` without an address, `Refused(AlreadyAnswered)` for a verified one.
pub fn email_token(core: &Core, caller: &Caller) -> Result<Secret<String>> {
    let id = caller.require_account()?;
    let now = core.now();
    let (token, hash) = one_time::draw(core);
    core.write(caller, move |tx| {
        let account = account::get_open(tx, id)?;
        let email = account.email.ok_or(Error::Invalid(Field::Email, Flaw::Empty))?;
        if account.email_verified_at.is_some() {
            return Err(Error::Refused(Reason::AlreadyAnswered));
        }
        let expires_at = now.plus_seconds(EMAIL_TOKEN_LIFE_S);
        one_time::put(tx, hash, id, one_time::Purpose::ProveEmail(email.folded()), expires_at)
    })?;
    Ok(token)
}

/// Marks the address as verified to which the token was sent; anybody may open the link.
/// Fails with `SignIn(BadToken)`, also when the account has another address by now.
pub fn prove_email(core: &Core, caller: &Caller, token: &Secret<String>) -> Result<()> {
    let hash = core.keys().token_hash(token.reveal().trim());
    let now = core.now();
    core.write(caller, move |tx| {
        let link = one_time::find(tx, &hash, now)?;
        let account = account::get_open(tx, link.account)?;
        let email = account.email.as_ref().map(|email| one_time::Purpose::ProveEmail(email.folded()));
        if Some(&link.purpose) != email.as_ref() {
            return Err(Error::SignIn(SignInFlaw::BadToken));
        }
        one_time::remove(tx, &hash, &link)?;
        let verified = Account { email_verified_at: Some(now), updated_at: now, ..account.clone() };
        index::replace(tx, &account, &verified)
    })
}

fn hash_new(core: &Core, account: &Account, new: &Secret<String>) -> Result<PasswordHash> {
    let settings = core.settings();
    let email = account.email.as_ref().map_or("", |email| email.as_str());
    let known = [account.handle.as_str(), email, account.display_name.as_str()];
    password::check_new(new, &known, settings.accounts.password_score)?;
    core.hasher().hash(new, &settings.accounts)
}

fn replace_password(
    tx: &mut Tx<'_>,
    keys: &Keys,
    now: Stamp,
    new: (AccountId, &PasswordHash),
    keep: Option<LoginId>,
) -> Result<()> {
    let (id, hash) = new;
    let old = account::get_open(tx, id)?;
    let new = Account {
        password: Some(hash.clone()),
        updated_at: now,
        generation: old.generation.saturating_add(1),
        ..old.clone()
    };
    index::replace(tx, &old, &new)?;
    guesses::forget(tx, &guesses::keys_of(keys, &new))?;
    let which = match keep {
        Some(login) => {
            logins::remove_all_but(tx, id, login)?;
            Ended::AllBut(login)
        }
        None => {
            logins::remove_all(tx, id)?;
            Ended::All
        }
    };
    event_log::record(tx, now, Audience::account(id), What::LoginEnded { account: id, which }).map(|_| ())
}

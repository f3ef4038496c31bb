//! Opening, using, listing and ending logins. Order inside an ending: the rows go durably, then the memory forgets, then the
//! caller is told; live connections of ended logins close by the event.

use std::net::IpAddr;

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::cache::Resolved;
use crate::accounts::{self, Account, Proven};
use crate::audit::{self, Verb};
use crate::caller::{Caller, Dialect};
use crate::clock::{DAY_S, Stamp};
use crate::error::{Error, Result, SignInFlaw, Thing};
use crate::event::{Audience, Ended, What};
use crate::event_log;
use crate::ids::{AccountId, LoginId};
use crate::lapsing::due;
use crate::limits::{LOGIN_AGENT_BYTES_MAX, LOGIN_SEEN_WRITE_S, LOGINS_PER_ACCOUNT_MAX, PAGE_ITEMS_MAX};
use crate::schema::{ACCOUNT_BY_ID, LOGIN_BY_ID, LOGIN_BY_TOKEN, LOGINS, LOGINS_BY_ACCOUNT, LOGINS_BY_EXPIRY};
use crate::secrets::{self, Secret};
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

/// A signed-in client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Login {
    /// Its number.
    pub id: LoginId,
    /// Whose it is.
    pub account: AccountId,
    /// In which tongue it signed in.
    pub dialect: Dialect,
    /// When it signed in.
    pub created_at: Stamp,
    /// When it was last used, to the hour.
    pub last_seen_at: Stamp,
    /// From which address it signed in.
    pub address: Option<IpAddr>,
    /// What the client calls itself.
    pub agent: String,
    /// When it lapses unless used again.
    pub expires_at: Stamp,
    token_hash: [u8; 32],
}

impl Row for Login {}

/// A new login with its token, which is shown this once.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The login.
    pub login: Login,
    /// What the client sends from now on.
    pub token: Secret<String>,
}

/// Opens a login for who was proved. Beyond 100 logins of an account the oldest gives way.
/// Fails with `SignIn(LockedOut)` or `Refused(AccountClosed)`, and with `SignIn(BadToken)` when all logins were ended after the proof.
pub fn open(core: &Core, caller: &Caller, proven: &Proven, agent: &str) -> Result<Opened> {
    let (account, now) = (proven.id(), core.now());
    let generation = proven.account().generation;
    let token = secrets::random_token();
    let token_hash = core.keys().token_hash(token.reveal());
    let expires_at = now.plus_seconds(life_s(core));
    let (dialect, address, agent) = (caller.dialect, caller.address, cut(agent));
    let (login, gone) = core.write(caller, move |tx| {
        // Proof given before a password change or a lock is proof no more.
        let row = accounts::get_open(tx, account)?;
        if row.generation != generation {
            return Err(Error::SignIn(SignInFlaw::BadToken));
        }
        if let Some(retry_ms) = row.lock_left(now) {
            return Err(Error::SignIn(SignInFlaw::LockedOut { retry_ms }));
        }
        let gone = make_room(tx, account)?;
        let login = Login {
            id: LoginId::new(tx.count_up(&LOGINS)?),
            account,
            dialect,
            created_at: now,
            last_seen_at: now,
            address,
            agent: agent.clone(),
            expires_at,
            token_hash,
        };
        LOGIN_BY_ID.put(tx, &login.id, &login)?;
        LOGIN_BY_TOKEN.put(tx, &token_hash, &login.id)?;
        LOGINS_BY_ACCOUNT.put(tx, &(account, login.id), &())?;
        LOGINS_BY_EXPIRY.put(tx, &(expires_at, login.id), &())?;
        for old in &gone {
            tell(tx, now, account, Ended::One(*old))?;
        }
        Ok((login, gone))
    })?;
    if !gone.is_empty() {
        core.logins().forget(|resolved| gone.contains(&resolved.login));
    }
    Ok(Opened { login, token })
}

fn life_s(core: &Core) -> u64 {
    u64::from(core.settings().accounts.login_days).saturating_mul(DAY_S)
}

fn cut(agent: &str) -> String {
    let mut end = agent.len().min(LOGIN_AGENT_BYTES_MAX);
    while !agent.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    agent.get(..end).unwrap_or_default().chars().filter(|c| !c.is_control()).collect()
}

/// Ends the oldest logins until one more has room.
fn make_room(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<LoginId>> {
    let mut ids = ids_of(tx, account)?;
    let keep = LOGINS_PER_ACCOUNT_MAX.saturating_sub(1);
    ids.truncate(ids.len().saturating_sub(keep));
    for id in &ids {
        remove(tx, *id)?;
    }
    Ok(ids)
}

/// Whose token it is, from memory alone: for threads that must not wait. None means: ask [`resolve`].
pub fn look(core: &Core, token: &str) -> Option<Resolved> {
    core.logins().look(&core.keys().token_hash(token), core.now())
}

/// Whose token it is; its login slides on. Fails with `SignIn(BadToken)` for unknown, ended and lapsed ones alike.
pub fn resolve(core: &Core, token: &str) -> Result<Resolved> {
    let now = core.now();
    let hash = core.keys().token_hash(token);
    if let Some(known) = core.logins().look(&hash, now) {
        return Ok(known);
    }
    let endings = core.logins().endings();
    let mut login = core.read(|view| find_by_hash(view, &hash, now))?;
    if now >= login.last_seen_at.plus_seconds(LOGIN_SEEN_WRITE_S) {
        let life_s = life_s(core);
        login = core.write(&Caller::system(), move |tx| slide(tx, &hash, now, life_s))?;
    }
    let resolved = Resolved { account: login.account, login: login.id, expires_at: login.expires_at };
    core.logins().remember(hash, resolved, login.last_seen_at.plus_seconds(LOGIN_SEEN_WRITE_S), endings);
    Ok(resolved)
}

fn find_by_hash(r: &impl Read, hash: &[u8; 32], now: Stamp) -> Result<Login> {
    let bad = Error::SignIn(SignInFlaw::BadToken);
    let id = LOGIN_BY_TOKEN.get(r, hash)?.ok_or(bad)?;
    let login = LOGIN_BY_ID.get(r, &id)?.ok_or(bad)?;
    if login.expires_at <= now { Err(bad) } else { Ok(login) }
}

fn slide(tx: &mut Tx<'_>, hash: &[u8; 32], now: Stamp, life_s: u64) -> Result<Login> {
    let mut login = find_by_hash(tx, hash, now)?;
    LOGINS_BY_EXPIRY.remove(tx, &(login.expires_at, login.id))?;
    login.last_seen_at = now;
    login.expires_at = now.plus_seconds(life_s);
    LOGINS_BY_EXPIRY.put(tx, &(login.expires_at, login.id), &())?;
    LOGIN_BY_ID.put(tx, &login.id, &login)?;
    Ok(login)
}

/// Lists the caller's logins, newest first.
pub fn list(core: &Core, caller: &Caller) -> Result<Vec<Login>> {
    let account = caller.require_account()?;
    let now = core.now();
    core.read(|view| {
        let mut logins = Vec::new();
        for id in ids_of(view, account)?.into_iter().rev() {
            logins.extend(LOGIN_BY_ID.get(view, &id)?.filter(|login| now < login.expires_at));
        }
        Ok(logins)
    })
}

/// Ends one of the caller's logins. Fails with `NotFound(Login)`, also for those of others.
pub fn end(core: &Core, caller: &Caller, id: LoginId) -> Result<()> {
    let account = caller.require_account()?;
    let now = core.now();
    core.write(caller, move |tx| {
        if !LOGINS_BY_ACCOUNT.has(tx, &(account, id))? {
            return Err(Error::NotFound(Thing::Login));
        }
        remove(tx, id)?;
        tell(tx, now, account, Ended::One(id))
    })?;
    core.logins().forget(|resolved| resolved.login == id);
    Ok(())
}

/// Ends every login of the caller but the one that asks; says how many.
pub fn end_others(core: &Core, caller: &Caller) -> Result<usize> {
    let account = caller.require_account()?;
    let keep = caller.login.ok_or(Error::NotFound(Thing::Login))?;
    let now = core.now();
    let count = core.write(caller, move |tx| {
        let count = remove_all_but(tx, account, keep)?;
        tell(tx, now, account, Ended::AllBut(keep))?;
        Ok(count)
    })?;
    core.logins().forget(|resolved| resolved.account == account && resolved.login != keep);
    Ok(count)
}

/// Signs an account out everywhere, also from clients whose tokens are not counted one by one; says how many logins ended.
/// For oneself, or with the permission to ban.
pub fn end_all(core: &Core, caller: &Caller, account: AccountId) -> Result<usize> {
    let now = core.now();
    let caller_again = caller.clone();
    let count = core.write(caller, move |tx| {
        if caller_again.account_id() != Some(account) {
            server_roles::require_over(tx, &caller_again, ServerPermission::BanUser, account)?;
            let target = format!("account {account}");
            audit::record(tx, now, &caller_again, Verb::SignedOutEverywhere, &target, "")?;
        }
        let old = accounts::get(tx, account)?;
        let generation = old.generation.saturating_add(1);
        ACCOUNT_BY_ID.put(tx, &account, &Account { generation, ..old })?;
        let count = remove_all(tx, account)?;
        tell(tx, now, account, Ended::All)?;
        Ok(count)
    })?;
    forget_account(core, account);
    Ok(count)
}

/// Removes logins that have lapsed, a page at a time; says how many. For the job that runs now and then.
pub fn expire(core: &Core) -> Result<usize> {
    let now = core.now();
    core.write(&Caller::system(), move |tx| {
        let lapsed = due(tx, &LOGINS_BY_EXPIRY, now, PAGE_ITEMS_MAX)?;
        for key in &lapsed {
            LOGINS_BY_EXPIRY.remove(tx, key)?;
            remove(tx, key.1)?;
        }
        Ok(lapsed.len())
    })
}

fn tell(tx: &mut Tx<'_>, now: Stamp, account: AccountId, which: Ended) -> Result<()> {
    event_log::record(tx, now, Audience::account(account), What::LoginEnded { account, which }).map(|_| ())
}

fn ids_of(r: &impl Read, account: AccountId) -> Result<Vec<LoginId>> {
    let keys = LOGINS_BY_ACCOUNT.keys(r, &account, None, Order::Ascending, LOGINS_PER_ACCOUNT_MAX)?;
    Ok(keys.into_iter().map(|(_, id)| id).collect())
}

fn remove(tx: &mut Tx<'_>, id: LoginId) -> Result<()> {
    let Some(login) = LOGIN_BY_ID.get(tx, &id)? else { return Ok(()) };
    LOGIN_BY_ID.remove(tx, &id)?;
    LOGIN_BY_TOKEN.remove(tx, &login.token_hash)?;
    LOGINS_BY_ACCOUNT.remove(tx, &(login.account, id))?;
    Ok(LOGINS_BY_EXPIRY.remove(tx, &(login.expires_at, id))?)
}

/// Removes every login of an account. The caller clears the memory afterwards by [`forget_account`].
pub(crate) fn remove_all(tx: &mut Tx<'_>, account: AccountId) -> Result<usize> {
    let ids = ids_of(tx, account)?;
    for id in &ids {
        remove(tx, *id)?;
    }
    Ok(ids.len())
}

/// Removes every login of an account but one.
pub(crate) fn remove_all_but(tx: &mut Tx<'_>, account: AccountId, keep: LoginId) -> Result<usize> {
    let ids: Vec<_> = ids_of(tx, account)?.into_iter().filter(|id| *id != keep).collect();
    for id in &ids {
        remove(tx, *id)?;
    }
    Ok(ids.len())
}

/// Makes memory ask the store again about every token of an account.
pub(crate) fn forget_account(core: &Core, account: AccountId) {
    core.logins().forget(|resolved| resolved.account == account);
}

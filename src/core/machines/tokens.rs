//! By what a machine itself signs in: a token that its owner gets once, when it is bound. It speaks for that machine alone, not for
//! the account. It ends when the machine is released; a banned machine keeps its own, so that it can read why.

use chatelaine_store::{Read, Row};
use serde::{Deserialize, Serialize};

use super::machine::{self, MachineRow, MachineState};
use super::standing;
use crate::caller::Caller;
use crate::error::{Error, Reason, Result, SignInFlaw};
use crate::event::MachineTurn;
use crate::ids::{AccountId, MachineId};
use crate::schema::{ID_BY_MACHINE_TOKEN, MACHINE_BY_ID, TOKEN_BY_MACHINE};
use crate::secrets::{Secret, random_token};
use crate::{Core, Tx, accounts};

/// What every token of a machine begins with, so that it is never taken for that of a person.
pub const PREFIX: &str = "cm_";

/// What is stored of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenMark(pub [u8; 32]);

impl Row for TokenMark {}

/// A machine that signed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MachineKey {
    /// Which.
    pub machine: MachineId,
    /// Whose it is.
    pub account: AccountId,
    /// Whether it is banned: it may read then, and nothing else.
    pub is_banned: bool,
}

impl MachineKey {
    /// Passes for a machine that is not banned. Fails with `Refused(MachineBanned)`.
    pub const fn require_free(&self) -> Result<()> {
        if self.is_banned { Err(Error::Refused(Reason::MachineBanned)) } else { Ok(()) }
    }
}

/// Gives a machine a token, in place of any other. It cannot be shown again.
pub fn issue(tx: &mut Tx<'_>, machine: MachineId) -> Result<Secret<String>> {
    end(tx, machine)?;
    let token = Secret::new(format!("{PREFIX}{}", random_token().reveal()));
    let mark = ID_BY_MACHINE_TOKEN.mark(tx, token.reveal().as_bytes())?;
    ID_BY_MACHINE_TOKEN.put(tx, &mark, &machine)?;
    TOKEN_BY_MACHINE.put(tx, &machine, &TokenMark(mark))?;
    Ok(token)
}

/// The machine of a token. Fails with `SignIn(BadToken)` for every other text, and when the machine's account is closed.
pub fn resolve(core: &Core, token: &str) -> Result<MachineKey> {
    resolve_bound(core, token)?.ok_or(Error::SignIn(SignInFlaw::BadToken))
}

/// As [`resolve`], also for a machine that is no longer bound: it may hear what the server has to say to it, and nothing else.
pub fn resolve_listener(core: &Core, token: &str) -> Result<MachineId> {
    match resolve_bound(core, token)? {
        Some(key) => Ok(key.machine),
        None => core.read(|view| Ok(machine_of(view, token)?.0)),
    }
}

/// None when the machine of the token is no longer bound.
fn resolve_bound(core: &Core, token: &str) -> Result<Option<MachineKey>> {
    let bad = Error::SignIn(SignInFlaw::BadToken);
    core.read(|view| {
        let (machine, row) = machine_of(view, token)?;
        let is_banned = match row.state {
            MachineState::Active | MachineState::Inactive(_) => false,
            MachineState::Banned => true,
            MachineState::Released(_) => return Ok(None),
        };
        match accounts::get_open(view, row.account) {
            Ok(_) => Ok(Some(MachineKey { machine, account: row.account, is_banned })),
            Err(Error::Refused(Reason::AccountClosed) | Error::NotFound(_)) => Err(bad),
            Err(other) => Err(other),
        }
    })
}

fn machine_of(r: &impl Read, token: &str) -> Result<(MachineId, MachineRow)> {
    let bad = Error::SignIn(SignInFlaw::BadToken);
    if !token.starts_with(PREFIX) {
        return Err(bad);
    }
    let mark = ID_BY_MACHINE_TOKEN.mark(r, token.as_bytes())?;
    let machine = ID_BY_MACHINE_TOKEN.get(r, &mark)?.ok_or(bad)?;
    Ok((machine, MACHINE_BY_ID.get(r, &machine)?.ok_or(bad)?))
}

/// Gives a machine of one's own a new token; the old one ends, with every connection that it opened. Fails with `NotFound(Machine)`.
pub fn renew(core: &Core, caller: &Caller, machine: MachineId) -> Result<Secret<String>> {
    let (now, caller_again) = (core.now(), caller.clone());
    core.write(caller, move |tx| {
        let row = machine::own_bound(tx, &caller_again, machine)?;
        standing::tell(tx, now, (machine, row.account), MachineTurn::TokenIssued)?;
        issue(tx, machine)
    })
}

/// Ends the token of a machine, if it has one.
pub(super) fn end(tx: &mut Tx<'_>, machine: MachineId) -> Result<()> {
    if let Some(TokenMark(mark)) = TOKEN_BY_MACHINE.get(tx, &machine)? {
        ID_BY_MACHINE_TOKEN.remove(tx, &mark)?;
        TOKEN_BY_MACHINE.remove(tx, &machine)?;
    }
    Ok(())
}

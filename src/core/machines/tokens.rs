//! By what a machine itself signs in: a token that its owner gets once, when it is bound. It speaks for that machine alone, not for
//! the account. It ends when the machine is released; a banned machine keeps its own, so that it can read why.

use chatelaine_store::Row;
use serde::{Deserialize, Serialize};

use super::machine::{self, MachineState};
use crate::caller::Caller;
use crate::error::{Error, Reason, Result, SignInFlaw};
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
    let bad = Error::SignIn(SignInFlaw::BadToken);
    if !token.starts_with(PREFIX) {
        return Err(bad);
    }
    core.read(|view| {
        let mark = ID_BY_MACHINE_TOKEN.mark(view, token.as_bytes())?;
        let machine = ID_BY_MACHINE_TOKEN.get(view, &mark)?.ok_or(bad)?;
        let row = MACHINE_BY_ID.get(view, &machine)?.ok_or(bad)?;
        let is_banned = match row.state {
            MachineState::Active | MachineState::Inactive(_) => false,
            MachineState::Banned => true,
            MachineState::Released(_) => return Err(bad),
        };
        match accounts::get_open(view, row.account) {
            Ok(_) => Ok(MachineKey { machine, account: row.account, is_banned }),
            Err(Error::Refused(Reason::AccountClosed) | Error::NotFound(_)) => Err(bad),
            Err(other) => Err(other),
        }
    })
}

/// Gives a machine of one's own a new token; the old one ends. Fails with `NotFound(Machine)`.
pub fn renew(core: &Core, caller: &Caller, machine: MachineId) -> Result<Secret<String>> {
    let caller_again = caller.clone();
    core.write(caller, move |tx| {
        machine::own_bound(tx, &caller_again, machine)?;
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

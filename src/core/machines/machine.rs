//! What a machine is: a code that its maker's client computes, what that client tells about it, and what became of it.
//! What is told can point to a person (an address of a network card, a serial number), so it lies apart from the machine, goes
//! when the machine is released, and is never printed by `Debug`.

use std::fmt;

use chatelaine_store::{Read, Row, Text};
use serde::{Deserialize, Serialize};

use super::marks;
use crate::Core;
use crate::accounts;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Reason, Result, Thing};
use crate::ids::{AccountId, MachineId};
use crate::limits::{MACHINE_FACT_BYTES_MAX, MACHINE_FACT_NAME_BYTES_MAX, MACHINE_FACTS_MAX, REASON_CHARS_MAX};
use crate::schema::{FACTS_BY_MACHINE, ID_BY_MACHINE_CODE, MACHINE_BY_ID};
use crate::server_roles::{self, ServerPermission};

/// Letters and digits of a machine code.
pub(super) const CODE_CHARS: usize = 32;
/// How many of them are shown at each end where the code is masked.
const CODE_CHARS_SHOWN: usize = 4;

/// The code of a machine: 32 ASCII letters and digits. Shown as first given, compared without regard to case.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MachineCode(String);

impl MachineCode {
    /// Checks a code. Fails with `Invalid(MachineCode, Malformed)`.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.len() != CODE_CHARS || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::Invalid(Field::MachineCode, Flaw::Malformed));
        }
        Ok(Self(text.to_owned()))
    }

    /// As it is shown to its owner.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// As it may stand in a log: its first and last letters.
    pub fn masked(&self) -> String {
        let hidden = CODE_CHARS - CODE_CHARS_SHOWN;
        let shown = |(at, letter): (usize, char)| if (CODE_CHARS_SHOWN..hidden).contains(&at) { '*' } else { letter };
        self.0.chars().enumerate().map(shown).collect()
    }
}

impl fmt::Debug for MachineCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// One thing a client tells about its machine, like `cpu` and its name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is about.
    pub name: String,
    /// What is told.
    pub value: String,
}

impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ***", self.name)
    }
}

impl Fact {
    /// Checks the facts of a machine: few, short, without control characters. Fails with `Invalid(MachineFacts, ..)`.
    pub fn check_all(facts: &[Fact]) -> Result<()> {
        let flaw = |flaw| Err(Error::Invalid(Field::MachineFacts, flaw));
        if facts.len() > MACHINE_FACTS_MAX {
            return flaw(Flaw::TooLong);
        }
        for Fact { name, value } in facts {
            if name.len() > MACHINE_FACT_NAME_BYTES_MAX || value.len() > MACHINE_FACT_BYTES_MAX {
                return flaw(Flaw::TooLong);
            }
            if name.chars().chain(value.chars()).any(char::is_control) {
                return flaw(Flaw::Malformed);
            }
        }
        Ok(())
    }
}

/// What the client told about a machine, in its order; kept while the machine is bound.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Facts(pub Vec<Fact>);

impl Row for Facts {}

/// What became of a machine. Kinds are only ever added at the end, because rows hold their number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MachineState {
    /// It is bound.
    Active,
    /// It was released; its code is free.
    Released(Released),
    /// It is bound and has shown no sign of life since before this moment; it holds no slot.
    Inactive(Stamp),
    /// It is bound and banned; it holds no slot.
    Banned,
}

impl MachineState {
    /// Which of them it is, without what belongs to it.
    pub const fn kind(&self) -> StateKind {
        match self {
            MachineState::Active => StateKind::Active,
            MachineState::Inactive(_) => StateKind::Inactive,
            MachineState::Released(_) => StateKind::Released,
            MachineState::Banned => StateKind::Banned,
        }
    }
}

/// In which state a machine is, or is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StateKind {
    /// Bound and active.
    Active,
    /// Bound, without a sign of life.
    Inactive,
    /// No longer bound.
    Released,
    /// Banned.
    Banned,
}

/// How a machine was released.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Released {
    /// When.
    pub at: Stamp,
    /// By whom.
    pub by: ReleasedBy,
    /// Why, in the words of who looks after machines.
    pub reason: String,
}

/// Who released a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ReleasedBy {
    /// Its owner, which counts.
    Owner,
    /// Somebody who looks after machines.
    Manager(AccountId),
    /// The person who runs the server.
    Operator,
}

/// A machine as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MachineRow {
    /// Whose it is, or was.
    pub account: AccountId,
    /// Its code.
    pub code: MachineCode,
    /// When it was bound.
    pub bound_at: Stamp,
    /// What became of it.
    pub state: MachineState,
}

impl Row for MachineRow {}

impl MachineRow {
    /// Whether it belongs to its account still.
    pub const fn is_bound(&self) -> bool {
        !matches!(self.state, MachineState::Released(_))
    }
}

/// A machine with what is known about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machine {
    /// Its number.
    pub id: MachineId,
    /// Whose it is, or was.
    pub account: AccountId,
    /// Its code.
    pub code: MachineCode,
    /// What its client told about it, in the client's order; nothing once it was released.
    pub facts: Vec<Fact>,
    /// When it was bound.
    pub bound_at: Stamp,
    /// What became of it.
    pub state: MachineState,
}

impl Machine {
    /// Whether it belongs to its account still.
    pub const fn is_bound(&self) -> bool {
        !matches!(self.state, MachineState::Released(_))
    }

    pub(super) fn of(id: MachineId, row: MachineRow, facts: Vec<Fact>) -> Self {
        Self { id, account: row.account, code: row.code, facts, bound_at: row.bound_at, state: row.state }
    }
}

/// The bound machine of a code.
pub(super) fn find(r: &impl Read, code: &MachineCode) -> Result<Option<(MachineId, MachineRow)>> {
    let Some(id) = ID_BY_MACHINE_CODE.get(r, &Text(code.folded()))? else { return Ok(None) };
    Ok(MACHINE_BY_ID.get(r, &id)?.map(|row| (id, row)))
}

/// A machine by its number, with its facts.
pub(super) fn find_whole(r: &impl Read, id: MachineId) -> Result<Option<Machine>> {
    let Some(row) = MACHINE_BY_ID.get(r, &id)? else { return Ok(None) };
    let facts = FACTS_BY_MACHINE.get(r, &id)?.unwrap_or_default();
    Ok(Some(Machine::of(id, row, facts.0)))
}

/// The code of an account's machine, bound or not, for who may set a mark that names it. Fails with `Denied(..)`, and with
/// `NotFound(Machine)` unless the machine is, or was, the account's.
pub fn code_for_mark(core: &Core, caller: &Caller, account: AccountId, machine: MachineId) -> Result<MachineCode> {
    core.read(|view| {
        marks::require_may_mark(view, caller, account)?;
        let row = MACHINE_BY_ID.get(view, &machine)?.filter(|row| row.account == account);
        Ok(row.ok_or(Error::NotFound(Thing::Machine))?.code)
    })
}

/// What was told about a machine.
pub(super) fn facts_of(r: &impl Read, id: MachineId) -> Result<Vec<Fact>> {
    Ok(FACTS_BY_MACHINE.get(r, &id)?.unwrap_or_default().0)
}

/// A machine of the caller's own, also one that was released. Fails with `NotFound(Machine)` for any other.
pub(super) fn own(r: &impl Read, caller: &Caller, id: MachineId) -> Result<MachineRow> {
    let account = caller.require_account()?;
    let found = MACHINE_BY_ID.get(r, &id)?.filter(|row| row.account == account);
    found.ok_or(Error::NotFound(Thing::Machine))
}

/// A machine of the caller's own that is bound. Fails with `NotFound(Machine)` for any other.
pub(super) fn own_bound(r: &impl Read, caller: &Caller, id: MachineId) -> Result<MachineRow> {
    let row = own(r, caller, id)?;
    if row.is_bound() { Ok(row) } else { Err(Error::NotFound(Thing::Machine)) }
}

/// A machine that the caller may look at: one's own, or any for who manages machines of its account. Fails with `NotFound(Machine)` for others.
pub(super) fn require_seen(r: &impl Read, caller: &Caller, id: MachineId) -> Result<MachineRow> {
    let row = MACHINE_BY_ID.get(r, &id)?;
    let is_shown = match &row {
        Some(row) if caller.account_id() == Some(row.account) => true,
        Some(row) => server_roles::may_look(r, caller, ServerPermission::ManageMachines, row.account)?,
        None => caller.is_operator(),
    };
    if !is_shown {
        caller.require_account()?;
    }
    row.filter(|_| is_shown).ok_or(Error::NotFound(Thing::Machine))
}

/// Passes for an account that is open. Fails with `NotFound(Account)` for none and for closed ones.
pub(super) fn require_account(r: &impl Read, account: AccountId) -> Result<()> {
    match accounts::get_open(r, account) {
        Err(Error::Refused(Reason::AccountClosed)) => Err(Error::NotFound(Thing::Account)),
        other => other.map(drop),
    }
}

/// The words for why something is done to somebody, trimmed. Fails with `Invalid(ReasonText, ..)`.
pub(super) fn check_reason(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > REASON_CHARS_MAX {
        return Err(Error::Invalid(Field::ReasonText, Flaw::TooLong));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::Invalid(Field::ReasonText, Flaw::Malformed));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_code_has_32_letters_or_digits_and_one_folded_form() {
        let code = MachineCode::new(" 0123456789abcdefGHIJ456789ABCDEF ").unwrap();
        assert_eq!(code.as_str(), "0123456789abcdefGHIJ456789ABCDEF");
        assert_eq!(code.folded(), "0123456789abcdefghij456789abcdef");
        assert_eq!(format!("{code:?}"), "0123************************CDEF");
        for bad in ["", "0123", &"x".repeat(33), "0123456789abcdef-123456789abcdef"] {
            assert!(MachineCode::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn facts_are_few_and_short() {
        let fact = |value: &str| Fact { name: "cpu".into(), value: value.into() };
        assert_eq!(Fact::check_all(&[fact(""), fact(&"x".repeat(MACHINE_FACT_BYTES_MAX))]), Ok(()));
        assert!(Fact::check_all(&[fact(&"x".repeat(MACHINE_FACT_BYTES_MAX + 1))]).is_err());
        assert!(Fact::check_all(&[fact("a\u{7}")]).is_err());
        assert!(Fact::check_all(&vec![fact("x"); MACHINE_FACTS_MAX + 1]).is_err());
        let named = Fact { name: "x".repeat(MACHINE_FACT_NAME_BYTES_MAX + 1), value: String::new() };
        assert!(Fact::check_all(&[named]).is_err());
    }

    #[test]
    fn what_is_told_about_a_machine_is_never_printed() {
        let fact = Fact { name: "mac".into(), value: "00:11:22:33:44:55".into() };
        assert_eq!(format!("{:?}", Facts(vec![fact])), "Facts([mac: ***])");
    }
}

//! Binding a machine by our own protocol: its owner has signed in and tells of what it consists. A machine that the account has
//! already is recognised, by its code or its components, and costs no slot; one that another account has is never moved, and who
//! looks after machines hears of it.

use super::alerts::{Alert, AlertKind};
use super::bans::{self, Met};
use super::binding::{put_rows, require_room, tell};
use super::drift::{self, Rules, Shown};
use super::fingerprint::{self, Components, Likeness};
use super::history::{self, Happened};
use super::machine::{self, CODE_CHARS, Fact, Facts, Machine, MachineCode, MachineRow, MachineState};
use super::policy::{self, Rule};
use super::setup::{self, Setup, Watch};
use super::{slots, standing, tokens, watching};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Reason, Result, Thing, Unique};
use crate::event::MachineTurn;
use crate::ids::{AccountId, MachineId};
use crate::schema::{FACTS_BY_MACHINE, MACHINE_BY_ID, MACHINES, SETUP_BY_MACHINE};
use crate::secrets::{Secret, random_alphanumerics};
use crate::{Core, Tx};

/// A machine that its owner binds.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// What the owner calls it; empty leaves a name that it has.
    pub name: String,
    /// Its code, if the client has one; else the server makes one.
    pub code: Option<MachineCode>,
    /// Of what it consists.
    pub components: Components,
    /// What else its client tells about it; nothing leaves what is known.
    pub facts: Vec<Fact>,
    /// Whether it must show a sign of life; not given leaves it as it is.
    pub watch: Option<Watch>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// The machine.
    pub machine: Machine,
    /// By what it signs in itself; the one that it had before has ended.
    pub token: Secret<String>,
    /// For a machine that the account had already, how much of it was there again, in percent.
    pub recognised: Option<u8>,
}

/// What holds during one enrolment.
pub(super) struct Desk<'a> {
    pub(super) now: Stamp,
    pub(super) caller: &'a Caller,
    pub(super) account: AccountId,
    pub(super) rules: &'a Rules,
}

/// A machine that the account has already.
struct Known {
    id: MachineId,
    row: MachineRow,
}

/// Binds a machine to the caller's own account, or recognises one that is bound to it. Fails with `Invalid(..)`,
/// `Taken(MachineCode)`, `OverLimit(..)`, and with the reasons of the rules `BannedMachine`, `Twin`, `Fingerprint` and `Drift`.
/// The account hears of a new one.
pub fn enroll(core: &Core, caller: &Caller, new: Enrolment) -> Result<Enrolled> {
    let new = checked(new)?;
    let (now, caller_again, rules) = (core.now(), caller.clone(), Rules::of(&core.settings().machines));
    let account = caller.require_account()?;
    core.write(caller, move |tx| enroll_within(tx, &Desk { now, caller: &caller_again, account, rules: &rules }, &new))?
}

/// The same with a name that is trimmed. Fails with `Invalid(..)`.
pub(super) fn checked(new: Enrolment) -> Result<Enrolment> {
    Fact::check_all(&new.facts)?;
    Ok(Enrolment { name: setup::check_name(&new.name)?, ..new })
}

/// As [`enroll`], of what was checked. The inner failure is one whose alert shall hold: the transaction goes on to commit, and has
/// written nothing else.
pub(super) fn enroll_within(tx: &mut Tx<'_>, desk: &Desk<'_>, new: &Enrolment) -> Result<Result<Enrolled>> {
    machine::require_account(tx, desk.account)?;
    let rules = desk.rules;
    let (banned, shown) = (desk.account, (new.code.as_ref(), &new.components));
    if let Met::Refused(refused) = bans::meet(tx, desk.now, banned, shown, rules)? {
        return Ok(Err(refused));
    }
    let (own, other) = fingerprint::find_like(tx, desk.account, &new.components, rules.strictness)?;
    let known = match by_code(tx, desk, new)? {
        Some(known) => Some(known),
        None => own.map(|own| by_number(tx, own.machine)).transpose()?.flatten(),
    };
    if let Some(known) = known {
        return recognise(tx, desk, new, known);
    }
    if let Err(refused) = admit(tx, desk, &new.components, other)? {
        return Ok(Err(refused));
    }
    let id = MachineId::new(tx.count_up(&MACHINES)?);
    bind_new(tx, desk, new, id).map(Ok)
}

/// Passes for a machine that the account does not have and that may be bound. Fails with `Exists(Machine)`, and as [`enroll`]; the
/// inner failure is one whose alert shall hold.
pub(super) fn require_new(tx: &mut Tx<'_>, desk: &Desk<'_>, new: &Enrolment) -> Result<Result<()>> {
    let (own, other) = fingerprint::find_like(tx, desk.account, &new.components, desk.rules.strictness)?;
    if own.is_some() || by_code(tx, desk, new)?.is_some() {
        return Err(Error::Exists(Thing::Machine));
    }
    admit(tx, desk, &new.components, other)
}

/// As [`admit`], for protocols that know a machine by its code alone: one that the account has already under another code is one
/// more to them.
pub(super) fn admit_by_code(tx: &mut Tx<'_>, desk: &Desk<'_>, shown: &Components) -> Result<Result<()>> {
    let (_, other) = fingerprint::find_like(tx, desk.account, shown, desk.rules.strictness)?;
    admit(tx, desk, shown, other)
}

/// Judges a machine that the account does not have, beside the most alike of another one. The inner failure is one whose alert
/// shall hold.
fn admit(tx: &mut Tx<'_>, desk: &Desk<'_>, shown: &Components, other: Option<Likeness>) -> Result<Result<()>> {
    if let Some(refused) = other.map(|other| meet(tx, desk, &other)).transpose()?.flatten() {
        return Ok(Err(refused));
    }
    if !shown.tell_apart() {
        policy::judge(tx, desk.now, &desk.rules.policy, Rule::Fingerprint)?;
    }
    Ok(Ok(()))
}

/// The machine of the code, if the account has it. Fails with `Taken(MachineCode)` when another has.
fn by_code(tx: &mut Tx<'_>, desk: &Desk<'_>, new: &Enrolment) -> Result<Option<Known>> {
    let Some(code) = &new.code else { return Ok(None) };
    match machine::find(tx, code)? {
        Some((id, row)) if row.account == desk.account => Ok(Some(Known { id, row })),
        Some(_) => Err(Error::Taken(Unique::MachineCode)),
        None => Ok(None),
    }
}

fn by_number(tx: &mut Tx<'_>, id: MachineId) -> Result<Option<Known>> {
    Ok(MACHINE_BY_ID.get(tx, &id)?.map(|row| Known { id, row }))
}

/// Judges that another account has a machine like this one.
fn meet(tx: &mut Tx<'_>, desk: &Desk<'_>, other: &Likeness) -> Result<Option<Error>> {
    if by_number(tx, other.machine)?.is_some_and(|known| known.row.state == MachineState::Banned) {
        // Judged before, by the rule about banned ones.
        return Ok(None);
    }
    let other = Some((other.account, other.machine));
    let alert = Alert { kind: AlertKind::Twin, machine: None, account: desk.account, other };
    policy::judge_telling(tx, desk.now, &desk.rules.policy, Rule::Twin, alert)
}

/// A machine that the account has already: what changed is followed, and it gets another token.
fn recognise(tx: &mut Tx<'_>, desk: &Desk<'_>, new: &Enrolment, known: Known) -> Result<Result<Enrolled>> {
    let (now, Known { id, row }) = (desk.now, known);
    if row.state == MachineState::Banned {
        return Ok(Err(Error::Refused(Reason::MachineBanned)));
    }
    let percent = match drift::show(tx, now, desk.caller, (id, desk.account), (&new.components, desk.rules))? {
        Shown::Same | Shown::First => 100,
        Shown::Followed(percent) => percent,
        // Its owner says by its code that it is this one.
        Shown::Unlike(percent) => {
            if let Some((score, _)) = fingerprint::like(tx, id, &new.components)? {
                drift::follow(tx, now, desk.caller, id, (&new.components, score))?;
            }
            percent
        }
        Shown::Refused(error) => return Ok(Err(error)),
    };
    let row = standing::revive(tx, now, desk.caller, (id, row), desk.rules.most)?;
    if !new.facts.is_empty() {
        FACTS_BY_MACHINE.put(tx, &id, &Facts(new.facts.clone()))?;
    }
    let old = setup::of(tx, id)?;
    SETUP_BY_MACHINE.put(tx, &id, &set_up(desk, new, old))?;
    if new.watch.is_some() {
        watching::wait_from(tx, now, id)?;
    }
    history::note(tx, now, id, Happened::Recognised { percent })?;
    standing::tell(tx, now, (id, row.account), MachineTurn::TokenIssued)?;
    let token = tokens::issue(tx, id)?;
    let facts = machine::facts_of(tx, id)?;
    Ok(Ok(Enrolled { machine: Machine::of(id, row, facts), token, recognised: Some(percent) }))
}

fn set_up(desk: &Desk<'_>, new: &Enrolment, old: Setup) -> Setup {
    let name = if new.name.is_empty() { old.name } else { new.name.clone() };
    Setup { name, watch: new.watch.map_or(old.watch, |watch| setup::watched(watch, desk.rules.every_s)), ..old }
}

/// Binds a machine that may be bound, under this number.
pub(super) fn bind_new(tx: &mut Tx<'_>, desk: &Desk<'_>, new: &Enrolment, id: MachineId) -> Result<Enrolled> {
    let (now, account) = (desk.now, desk.account);
    require_room(tx, account)?;
    let code = match &new.code {
        Some(code) => code.clone(),
        None => free_code(tx)?,
    };
    let row = MachineRow { account, code, bound_at: now, state: MachineState::Active };
    put_rows(tx, id, &row, &Facts(new.facts.clone()))?;
    let fresh = Setup { via: desk.caller.dialect, ..Setup::default() };
    SETUP_BY_MACHINE.put(tx, &id, &set_up(desk, new, fresh))?;
    if new.watch == Some(Watch::On) {
        watching::wait_from(tx, now, id)?;
    }
    slots::take_and_tell(tx, now, desk.caller, (account, id), desk.rules.most)?;
    if !new.components.is_empty() {
        fingerprint::keep(tx, now, id, &new.components, None)?;
    }
    tell(tx, now, desk.caller, (account, id))?;
    let token = tokens::issue(tx, id)?;
    Ok(Enrolled { machine: Machine::of(id, row, new.facts.clone()), token, recognised: None })
}

/// A code that no bound machine has.
fn free_code(tx: &mut Tx<'_>) -> Result<MachineCode> {
    loop {
        let code = MachineCode::new(&random_alphanumerics(CODE_CHARS))?;
        if machine::find(tx, &code)?.is_none() {
            return Ok(code);
        }
    }
}

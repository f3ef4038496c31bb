//! Bans of machines. A banned machine stays bound, so that its owner can read why, and holds no slot; its certificates end. What is
//! banned is the computer: its code and what was measured of it, whoever comes with it, and also when its account goes away.
//!
//! Invariants: the rows by code, component and end agree with the row of the ban; of codes and components only keyed marks are
//! kept, so a ban says nothing about a computer to whoever does not have it.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::alerts::{Alert, AlertKind};
use super::drift::Rules;
use super::fingerprint::{self, Components, Part, Strictness};
use super::history::{self, Happened};
use super::machine::{MachineCode, MachineRow, MachineState, check_reason};
use super::notices::{self, NewNotice, NoticeKind};
use super::policy::{self, Rule};
use super::room_alerts::{self, Told, Topic};
use super::{releasing, slots};
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::{Stamp, Until};
use crate::error::{Error, Field, Flaw, Result, Thing};
use crate::event::{Audience, What};
use crate::event_log;
use crate::ids::{AccountId, MachineId};
use crate::lapsing::due;
use crate::limits::{FINGERPRINT_SHARERS_MAX, MACHINE_BANS_LAPSED_PER_WRITE};
use crate::schema::{BAN_BY_MACHINE, BANNED_CODES, BANNED_COMPONENTS, BANS_BY_END, MACHINE_BY_ID};
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

/// A ban as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ban {
    /// Whose machine it was.
    pub account: AccountId,
    /// Who banned it; none for the operator.
    pub by: Option<AccountId>,
    /// When.
    pub at: Stamp,
    /// Why; nothing once the account was removed.
    pub reason: String,
    /// Until when.
    pub until: Until,
    /// The mark of its code.
    code: [u8; 32],
    /// What was measured of it.
    parts: Vec<Part>,
}

impl Row for Ban {}

/// Bans a machine that is bound. Needs the permission to manage machines and no fewer rights than its owner has. Fails with
/// `Invalid(ReasonText | Time, ..)`, `Denied(..)`, `NotFound(Machine)`, and `Exists(Ban)`. The machine, its owner and those who look
/// after machines hear of it.
pub fn ban(core: &Core, caller: &Caller, machine: MachineId, (until, reason): (Until, &str)) -> Result<()> {
    let reason = check_reason(reason)?;
    if reason.is_empty() {
        return Err(Error::Invalid(Field::ReasonText, Flaw::Empty));
    }
    let (now, caller_again) = (core.now(), caller.clone());
    if !until.holds(now) {
        return Err(Error::Invalid(Field::Time, Flaw::Range));
    }
    core.write(caller, move |tx| {
        let (row, _) = releasing::managed_by_number(tx, &caller_again, machine)?;
        if row.state == MachineState::Banned {
            return Err(Error::Exists(Thing::Ban));
        }
        let code = mark(tx, &row.code)?;
        let parts = fingerprint::of(tx, machine)?.map(|kept| kept.parts).unwrap_or_default();
        let (account, by) = (row.account, caller_again.account_id());
        put(tx, machine, &Ban { account, by, at: now, reason: reason.clone(), until, code, parts })?;
        slots::free(tx, account, machine)?;
        MACHINE_BY_ID.put(tx, &machine, &MachineRow { state: MachineState::Banned, ..row })?;
        history::note(tx, now, machine, Happened::Banned)?;
        notices::tell(tx, now, NewNotice { machine, account, kind: NoticeKind::Banned { until } })?;
        room_alerts::tell(tx, now, Topic::Ban, Told { machine, what: "banned" })?;
        audit::record(tx, now, &caller_again, Verb::MachineBanned, &name(machine), &format!("account {account}"))?;
        event_log::record(tx, now, Audience::account(account), What::MachineBanned { account, machine }).map(drop)
    })
}

/// Lifts a ban: a machine that is still bound is active again, or inactive where its account has no room for it. Needs the
/// permission to manage machines and no fewer rights than its owner has. Fails with `Denied(..)` and `NotFound(Ban)`.
pub fn unban(core: &Core, caller: &Caller, machine: MachineId) -> Result<()> {
    let (now, caller_again, rules) = (core.now(), caller.clone(), Rules::of(&core.settings().machines));
    core.write(caller, move |tx| {
        server_roles::reach(tx, &caller_again, ServerPermission::ManageMachines)?;
        let ban = BAN_BY_MACHINE.get(tx, &machine)?.ok_or(Error::NotFound(Thing::Ban))?;
        server_roles::require_over(tx, &caller_again, ServerPermission::ManageMachines, ban.account)?;
        end(tx, now, &caller_again, (machine, &ban), &rules)
    })
}

/// Lifts bans whose time is over, as many as one command may; says how many. Safe to repeat until it says 0.
pub fn lapse(core: &Core) -> Result<usize> {
    let (now, rules) = (core.now(), Rules::of(&core.settings().machines));
    if core.read(|view| due(view, &BANS_BY_END, now, 1))?.is_empty() {
        return Ok(0);
    }
    core.write(&Caller::system(), move |tx| {
        let ended = due(tx, &BANS_BY_END, now, MACHINE_BANS_LAPSED_PER_WRITE)?;
        for (at, machine) in &ended {
            match BAN_BY_MACHINE.get(tx, machine)? {
                Some(ban) => end(tx, now, &Caller::system(), (*machine, &ban), &rules)?,
                None => BANS_BY_END.remove(tx, &(*at, *machine))?,
            }
        }
        Ok(ended.len())
    })
}

fn name(machine: MachineId) -> String {
    format!("machine {machine}")
}

fn mark(r: &impl Read, code: &MachineCode) -> Result<[u8; 32]> {
    Ok(BANNED_CODES.mark(r, code.folded().as_bytes())?)
}

fn put(tx: &mut Tx<'_>, machine: MachineId, ban: &Ban) -> Result<()> {
    BAN_BY_MACHINE.put(tx, &machine, ban)?;
    BANNED_CODES.put(tx, &(ban.code, machine), &())?;
    for part in ban.parts.iter().filter(|part| part.kind.is_singular()) {
        BANNED_COMPONENTS.put(tx, &(part.mark, machine), &())?;
    }
    match ban.until {
        Until::At(at) => Ok(BANS_BY_END.put(tx, &(at, machine), &())?),
        Until::Forever => Ok(()),
    }
}

fn end(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, (machine, ban): (MachineId, &Ban), rules: &Rules) -> Result<()> {
    BAN_BY_MACHINE.remove(tx, &machine)?;
    BANNED_CODES.remove(tx, &(ban.code, machine))?;
    for part in &ban.parts {
        BANNED_COMPONENTS.remove(tx, &(part.mark, machine))?;
    }
    if let Until::At(at) = ban.until {
        BANS_BY_END.remove(tx, &(at, machine))?;
    }
    let account = ban.account;
    audit::record(tx, now, caller, Verb::MachineUnbanned, &name(machine), &format!("account {account}"))?;
    let Some(row) = MACHINE_BY_ID.get(tx, &machine)?.filter(|row| row.state == MachineState::Banned) else {
        return Ok(());
    };
    let state = match slots::take_and_tell(tx, now, caller, (row.account, machine), rules.most) {
        Ok(()) => MachineState::Active,
        Err(Error::OverLimit(_)) => MachineState::Inactive(now),
        Err(other) => return Err(other),
    };
    let account = row.account;
    MACHINE_BY_ID.put(tx, &machine, &MachineRow { state, ..row })?;
    history::note(tx, now, machine, Happened::Unbanned)?;
    notices::tell(tx, now, NewNotice { machine, account, kind: NoticeKind::Unbanned })?;
    room_alerts::tell(tx, now, Topic::Ban, Told { machine, what: "no longer banned" })?;
    event_log::record(tx, now, Audience::account(account), What::MachineUnbanned { account, machine }).map(drop)
}

/// The ban of a machine, if it is banned.
pub fn of(r: &impl Read, machine: MachineId) -> Result<Option<Ban>> {
    Ok(BAN_BY_MACHINE.get(r, &machine)?)
}

/// Judges that somebody comes with a machine to bind it, if that machine is banned. What is given back is a refusal that the caller
/// commits first, having written nothing else: the alert that goes with it is part of the transaction.
pub(super) fn meet(
    tx: &mut Tx<'_>,
    now: Stamp,
    account: AccountId,
    (code, components): (Option<&MachineCode>, &Components),
    rules: &Rules,
) -> Result<Met> {
    let Some((machine, ban)) = find(tx, now, (code, components), rules.strictness)? else { return Ok(Met::Nothing) };
    let other = Some((ban.account, machine));
    let alert = Alert { kind: AlertKind::BannedMachine, machine: None, account, other };
    if policy::is_on(&rules.policy, Rule::BannedMachine) {
        room_alerts::tell(tx, now, Topic::Ban, Told { machine, what: "banned, and somebody came with it" })?;
    }
    let refused = policy::judge_telling(tx, now, &rules.policy, Rule::BannedMachine, alert)?;
    Ok(refused.map_or(Met::Tolerated, Met::Refused))
}

/// What it is to come with a machine.
pub(super) enum Met {
    /// It is not banned.
    Nothing,
    /// It is, and the rules let it pass; what is written about that should hold whatever comes of the rest.
    Tolerated,
    /// It is, and the rules refuse it.
    Refused(Error),
}

fn find(
    r: &impl Read,
    now: Stamp,
    (code, components): (Option<&MachineCode>, &Components),
    strictness: Strictness,
) -> Result<Option<(MachineId, Ban)>> {
    if let Some(code) = code {
        let found = BANNED_CODES.keys(r, &mark(r, code)?, None, Order::Descending, FINGERPRINT_SHARERS_MAX)?;
        for (_, machine) in found {
            if let Some(ban) = BAN_BY_MACHINE.get(r, &machine)?.filter(|ban| ban.until.holds(now)) {
                return Ok(Some((machine, ban)));
            }
        }
    }
    let shown = fingerprint::marks(r, components)?;
    for machine in fingerprint::sharers(r, &BANNED_COMPONENTS, &shown, |_| Ok(true))? {
        let Some(ban) = BAN_BY_MACHINE.get(r, &machine)? else { continue };
        if ban.until.holds(now) && fingerprint::score(&ban.parts, &shown).passes(strictness) {
            return Ok(Some((machine, ban)));
        }
    }
    Ok(None)
}

/// Takes the words out of a ban of a machine whose account goes away. The computer stays banned.
pub(super) fn blank(tx: &mut Tx<'_>, machine: MachineId) -> Result<()> {
    match BAN_BY_MACHINE.get(tx, &machine)? {
        Some(ban) => Ok(BAN_BY_MACHINE.put(tx, &machine, &Ban { reason: String::new(), ..ban })?),
        None => Ok(()),
    }
}

//! Watching: who was to be heard and was not. Each machine with signs of life stands once in an index by time, which no heartbeat
//! rewrites: when an entry comes due, the last heartbeat is looked at, and a machine that lives is put back. One that does not
//! turns inactive and frees its slot; it is never deleted here. Of those for whom nobody waits the hours are cleared in the end.

use super::alerts::{self, Alert, AlertKind};
use super::heartbeats::{self, BeatRow};
use super::machine::{MachineRow, MachineState};
use super::policy::{self, Level, Policy, Rule};
use super::{setup, standing};
use crate::caller::Caller;
use crate::clock::{DAY_S, HOUR_S, Stamp};
use crate::error::Result;
use crate::ids::MachineId;
use crate::lapsing;
use crate::limits::{MACHINE_BEATS_KEPT_H, MACHINE_GRACE_S_MAX, MACHINE_GRACE_S_MIN, MACHINES_WATCHED_PER_WRITE};
use crate::schema::{BEAT_BY_MACHINE, BEATS_BY_DUE, MACHINE_BY_ID};
use crate::{Core, Tx};

/// How late a heartbeat may be: half of the time between two, within bounds.
const fn grace_s(every_s: u32) -> u32 {
    let half = every_s / 2;
    if half < MACHINE_GRACE_S_MIN {
        MACHINE_GRACE_S_MIN
    } else if half > MACHINE_GRACE_S_MAX {
        MACHINE_GRACE_S_MAX
    } else {
        half
    }
}

fn kept_until(at: Stamp) -> Stamp {
    // A day more, so that what is still shown is never gone.
    at.plus_seconds(u64::from(MACHINE_BEATS_KEPT_H) * HOUR_S + DAY_S)
}

/// When to look at a machine that was last heard then: when it is missed, or, where nobody waits for it, when nothing of its hours
/// is kept any more.
fn look_at(state: &MachineState, watch: Option<u32>, heard: Stamp) -> Stamp {
    match watch {
        Some(every_s) if *state == MachineState::Active => missed_at(heard, every_s),
        Some(_) | None => kept_until(heard),
    }
}

fn missed_at(heard: Stamp, every_s: u32) -> Stamp {
    heard.plus_seconds(u64::from(every_s) + u64::from(grace_s(every_s)))
}

/// Puts a machine that just was heard among those that are looked at, unless it stands there and is not looked at too late.
pub(super) fn expect(
    tx: &mut Tx<'_>,
    (machine, state): (MachineId, &MachineState),
    watch: Option<u32>,
    beats: &mut BeatRow,
) -> Result<()> {
    let at = look_at(state, watch, beats.heard());
    if beats.due.is_some_and(|due| due <= at) {
        return Ok(());
    }
    place(tx, machine, beats, at)
}

fn place(tx: &mut Tx<'_>, machine: MachineId, beats: &mut BeatRow, at: Stamp) -> Result<()> {
    if let Some(due) = beats.due {
        BEATS_BY_DUE.remove(tx, &(due, machine))?;
    }
    beats.due = Some(at);
    Ok(BEATS_BY_DUE.put(tx, &(at, machine), &())?)
}

/// Waits for a machine from now on, if it is watched: its owner wished so just now, or it is active again.
pub(super) fn wait_from(tx: &mut Tx<'_>, now: Stamp, machine: MachineId) -> Result<()> {
    let Some(row) = MACHINE_BY_ID.get(tx, &machine)? else { return Ok(()) };
    let mut beats = heartbeats::of(tx, machine)?;
    (beats.from, beats.missed) = (now, false);
    let at = look_at(&row.state, setup::of(tx, machine)?.watch, beats.heard());
    place(tx, machine, &mut beats, at)?;
    Ok(BEAT_BY_MACHINE.put(tx, &machine, &beats)?)
}

/// Looks once at machines that come due; says at how many. Safe to repeat and to break off.
pub fn look(core: &Core) -> Result<usize> {
    let (now, policy) = (core.now(), core.settings().machines.policy);
    let started_at = core.gauges().started_at;
    let due = core.read(|view| lapsing::due(view, &BEATS_BY_DUE, now, MACHINES_WATCHED_PER_WRITE))?;
    if due.is_empty() {
        return Ok(0);
    }
    core.write(&Caller::system(), move |tx| {
        let mut count = 0;
        for (at, machine) in &due {
            if BEATS_BY_DUE.has(tx, &(*at, *machine))? {
                look_at_one(tx, (now, started_at), &policy, *machine)?;
                count += 1;
            }
        }
        Ok(count)
    })
}

fn look_at_one(tx: &mut Tx<'_>, (now, started_at): (Stamp, Stamp), policy: &Policy, machine: MachineId) -> Result<()> {
    let Some(mut beats) = BEAT_BY_MACHINE.get(tx, &machine)? else { return Ok(()) };
    let Some(row) = MACHINE_BY_ID.get(tx, &machine)? else { return heartbeats::forget(tx, machine).map(drop) };
    let watch = setup::of(tx, machine)?.watch.filter(|_| row.state == MachineState::Active);
    // Nobody could be heard while the server was off: what it missed is nobody's fault.
    let heard = if watch.is_some() { beats.heard().max(started_at) } else { beats.heard() };
    let at = look_at(&row.state, watch, heard);
    match watch {
        _ if now < at => place(tx, machine, &mut beats, at)?,
        Some(every_s) => miss(tx, (now, missed_at(now, every_s)), policy, (machine, row), &mut beats)?,
        None => clear_hours(tx, machine, &mut beats)?,
    }
    Ok(BEAT_BY_MACHINE.put(tx, &machine, &beats)?)
}

/// What becomes of a machine that is missed is the rule's business.
fn miss(
    tx: &mut Tx<'_>,
    (now, again_at): (Stamp, Stamp),
    policy: &Policy,
    (machine, row): (MachineId, MachineRow),
    beats: &mut BeatRow,
) -> Result<()> {
    if policy.level(Rule::Heartbeat) == Level::Enforce {
        return end_life(tx, now, (machine, row), beats);
    }
    if !beats.missed {
        policy::judge(tx, now, policy, Rule::Heartbeat)?;
        beats.missed = true;
    }
    place(tx, machine, beats, again_at)
}

fn end_life(tx: &mut Tx<'_>, now: Stamp, (machine, row): (MachineId, MachineRow), beats: &mut BeatRow) -> Result<()> {
    let account = row.account;
    standing::deactivate(tx, now, machine, row)?;
    alerts::raise(tx, now, Alert { kind: AlertKind::Dead, machine: Some(machine), account, other: None })?;
    place(tx, machine, beats, kept_until(beats.heard()).max(now.next()))
}

/// Takes the hours of a machine for which nobody waits and which was not heard for long.
fn clear_hours(tx: &mut Tx<'_>, machine: MachineId, beats: &mut BeatRow) -> Result<()> {
    if let Some(due) = beats.due.take() {
        BEATS_BY_DUE.remove(tx, &(due, machine))?;
    }
    (beats.hour, beats.count) = (0, 0);
    heartbeats::forget_hours(tx, machine).map(drop)
}

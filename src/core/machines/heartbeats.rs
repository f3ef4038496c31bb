//! Heartbeats: signs of life of a machine. Each is one small row, durable before it is answered; an hour that is over goes to a
//! row of its own and is kept for thirty days. Whether a machine must be heard is its owner's wish (`setup.rs`): a heartbeat
//! never switches that on. Who is not heard is found by `watching.rs`.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::drift::{self, Rules, Shown};
use super::fingerprint::Components;
use super::machine::{self, MachineRow, MachineState};
use super::nonces::{self, Fresh, NonceMark};
use super::setup::{self, Setup};
use super::tokens::MachineKey;
use super::{standing, watching};
use crate::caller::{Caller, Dialect};
use crate::clock::Stamp;
use crate::error::{Error, Reason, Result, Thing};
use crate::ids::MachineId;
use crate::limits::{MACHINE_BEATS_KEPT_H, MACHINE_BEATS_SWEPT};
use crate::schema::{BEAT_BY_MACHINE, BEATS_BY_DUE, BEATS_BY_HOUR, NOTICES_BY_MACHINE};
use crate::secrets::Secret;
use crate::settings::Machines;
use crate::{Core, Tx};

/// What is stored of the signs of life of one machine.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BeatRow {
    /// The last one.
    pub at: Option<Stamp>,
    /// Since when the machine is waited for: since the wish, or since it came back to life.
    pub from: Stamp,
    /// The hour of the last one, counted from 1970.
    pub hour: u32,
    /// How many came in that hour.
    pub count: u16,
    /// Where the machine stands among those that are looked at when they come due.
    pub due: Option<Stamp>,
    /// Whether it was counted already that it is missed.
    pub missed: bool,
    /// What is stored of the nonce that was given last.
    pub nonce: Option<NonceMark>,
}

impl Row for BeatRow {}

impl BeatRow {
    /// Since when it was not heard: the last sign of life, or since when it is waited for.
    pub(super) fn heard(&self) -> Stamp {
        self.at.map_or(self.from, |at| at.max(self.from))
    }

    /// Counts one sign of life; the hour that it ends, if it does.
    fn count(&mut self, now: Stamp) -> Option<(u32, u16)> {
        let hour = now.hour();
        let ended = (hour > self.hour && self.count > 0).then_some((self.hour, self.count));
        if hour > self.hour {
            (self.hour, self.count) = (hour, 0);
        }
        // A clock that was set back counts on in the hour that it had reached.
        (self.at, self.missed, self.count) = (Some(now), false, self.count.saturating_add(1));
        ended
    }
}

/// What a machine says with a heartbeat.
#[derive(Clone, Debug, Default)]
pub struct Beat {
    /// What it measured of itself, where it did.
    pub components: Option<Components>,
    /// The nonce that it was given last.
    pub nonce: Option<String>,
}

/// By what a heartbeat comes.
#[derive(Clone, Debug)]
pub enum Beater {
    /// By the machine's own token.
    Machine(MachineKey),
    /// By the login of its owner.
    Owner(Caller, MachineId),
}

impl Beater {
    fn parts(&self) -> (Caller, MachineId) {
        match self {
            Beater::Machine(key) => (Caller::account(key.account, Dialect::Web), key.machine),
            Beater::Owner(caller, machine) => (caller.clone(), *machine),
        }
    }
}

/// What a machine hears back.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Which machine.
    pub machine: MachineId,
    /// Its state now.
    pub state: MachineState,
    /// When it was heard.
    pub at: Stamp,
    /// Seconds until the next one is expected.
    pub every_s: u32,
    /// What to send along with the next one.
    pub nonce: Secret<String>,
    /// The number of the last notice for this machine; 0 for none.
    pub notices: u64,
}

/// Takes a heartbeat. An inactive machine becomes active again where there is room. Fails, in this order, with
/// `NotFound(Machine)` for one that is not bound to the account, `Refused(MachineBanned)`, `Refused(NonceDue)` and
/// `Refused(MachineChanged)` where the rules say so, `OverLimit(Machines)` or `OverLimit(GroupMachines)` where an inactive one
/// finds no room; nothing has changed then.
pub fn beat(core: &Core, by: &Beater, beat: Beat) -> Result<Heard> {
    let (now, rules) = (core.now(), Rules::of(&core.settings().machines));
    let (caller, machine) = by.parts();
    let (fresh, sent) = (Fresh::draw(core.keys()), nonces::sent(core, beat.nonce.as_deref()));
    let (given, caller_again) = (fresh.mark, caller.clone());
    let taken = core.write(&caller, move |tx| {
        let row = require_own(tx, &caller_again, machine)?;
        let watch = setup::of(tx, machine)?.watch;
        if watch.is_some() {
            let last = of(tx, machine)?.nonce;
            nonces::require(tx, now, &rules.policy, (last, sent))?;
        }
        if let Some(components) = &beat.components {
            let shown = drift::show(tx, now, &caller_again, (machine, row.account), (components, &rules))?;
            if let Shown::Refused(error) = shown {
                // What was refused is told to those who look after machines: that much of the transaction holds.
                return Ok(Err(error));
            }
        }
        let row = standing::revive(tx, now, &caller_again, (machine, row), rules.most)?;
        let mut beats = of(tx, machine)?;
        beats.nonce = Some(given);
        if let Some((hour, count)) = beats.count(now) {
            BEATS_BY_HOUR.put(tx, &(machine, hour), &count)?;
            sweep_hours(tx, now, machine)?;
        }
        watching::expect(tx, (machine, &row.state), watch, &mut beats)?;
        BEAT_BY_MACHINE.put(tx, &machine, &beats)?;
        Ok(Ok((row.state, watch.unwrap_or(rules.every_s), last_notice(tx, machine)?)))
    })?;
    let (state, every_s, notices) = taken?;
    Ok(Heard { machine, state, at: now, every_s, nonce: fresh.text, notices })
}

/// Gives a machine a new nonce; the one before is void. Fails with `NotFound(Machine)` and `Refused(MachineBanned)`.
pub fn renew_nonce(core: &Core, by: &Beater) -> Result<Secret<String>> {
    let (caller, machine) = by.parts();
    let fresh = Fresh::draw(core.keys());
    let mark = fresh.mark;
    core.write(&caller.clone(), move |tx| {
        require_own(tx, &caller, machine)?;
        let beats = of(tx, machine)?;
        Ok(BEAT_BY_MACHINE.put(tx, &machine, &BeatRow { nonce: Some(mark), ..beats })?)
    })?;
    Ok(fresh.text)
}

fn require_own(r: &impl Read, caller: &Caller, machine: MachineId) -> Result<MachineRow> {
    let row = machine::own(r, caller, machine)?;
    match row.state {
        MachineState::Active | MachineState::Inactive(_) => Ok(row),
        MachineState::Banned => Err(Error::Refused(Reason::MachineBanned)),
        MachineState::Released(_) => Err(Error::NotFound(Thing::Machine)),
    }
}

/// The number of the last notice for a machine; 0 for none.
pub(crate) fn last_notice(r: &impl Read, machine: MachineId) -> Result<u64> {
    let last = NOTICES_BY_MACHINE.keys(r, &machine, None, Order::Descending, 1)?;
    Ok(last.first().map_or(0, |(_, number)| *number))
}

/// Takes hours away that are kept no longer.
fn sweep_hours(tx: &mut Tx<'_>, now: Stamp, machine: MachineId) -> Result<()> {
    let floor = now.hour().saturating_sub(MACHINE_BEATS_KEPT_H);
    let first = BEATS_BY_HOUR.keys(tx, &machine, None, Order::Ascending, MACHINE_BEATS_SWEPT)?;
    for key in first.into_iter().take_while(|(_, hour)| *hour < floor) {
        BEATS_BY_HOUR.remove(tx, &key)?;
    }
    Ok(())
}

/// What is kept of the signs of life of a machine.
pub fn of(r: &impl Read, machine: MachineId) -> Result<BeatRow> {
    Ok(BEAT_BY_MACHINE.get(r, &machine)?.unwrap_or_default())
}

/// How a machine stands with its heartbeats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// When it was last heard.
    pub last_seen: Option<Stamp>,
    /// Whether it must be heard.
    pub required: bool,
    /// Seconds between two heartbeats.
    pub every_s: u32,
    /// When the next one is expected; none where nobody waits for it.
    pub due_at: Option<Stamp>,
}

impl Standing {
    /// How a machine stands that is set up like this.
    pub fn of(setup: &Setup, beats: &BeatRow, settings: &Machines) -> Self {
        let every_s = setup.watch.unwrap_or(settings.heartbeat_s);
        let due_at = setup.watch.map(|every_s| beats.heard().plus_seconds(every_s.into()));
        Self { last_seen: beats.at, required: setup.watch.is_some(), every_s, due_at }
    }
}

/// How many signs of life came in one hour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hour {
    /// When it began.
    pub at: Stamp,
    /// How many.
    pub count: u16,
}

/// The hours of the last so many in which a machine was heard, oldest first, and the seconds between two heartbeats. For its
/// owner and for who manages machines; fails with `NotFound(Machine)` for others.
pub fn hours(core: &Core, caller: &Caller, machine: MachineId, most: u32) -> Result<(u32, Vec<Hour>)> {
    let (now, settings) = (core.now(), core.settings());
    core.read(|view| {
        machine::require_seen(view, caller, machine)?;
        let every_s = setup::of(view, machine)?.watch.unwrap_or(settings.machines.heartbeat_s);
        let most = most.clamp(1, MACHINE_BEATS_KEPT_H);
        let floor = now.hour().saturating_sub(most.saturating_sub(1));
        let behind = (machine, floor.saturating_sub(1));
        let limit = usize::try_from(most).unwrap_or(usize::MAX);
        let mut rows = BEATS_BY_HOUR.list(view, &machine, Some(&behind), Order::Ascending, limit)?;
        let beats = of(view, machine)?;
        if beats.count > 0 && beats.hour >= floor {
            rows.push(((machine, beats.hour), beats.count));
        }
        let hour = |((_, hour), count)| Hour { at: Stamp::of_hour(hour), count };
        Ok((every_s, rows.into_iter().map(hour).collect()))
    })
}

/// Forgets every sign of life of a machine; says how many rows were touched.
pub(super) fn forget(tx: &mut Tx<'_>, machine: MachineId) -> Result<usize> {
    let Some(beats) = BEAT_BY_MACHINE.get(tx, &machine)? else { return Ok(0) };
    if let Some(due) = beats.due {
        BEATS_BY_DUE.remove(tx, &(due, machine))?;
    }
    BEAT_BY_MACHINE.remove(tx, &machine)?;
    Ok(2 + forget_hours(tx, machine)?)
}

/// Takes away every hour of a machine; says how many.
pub(super) fn forget_hours(tx: &mut Tx<'_>, machine: MachineId) -> Result<usize> {
    let kept = usize::try_from(MACHINE_BEATS_KEPT_H).unwrap_or(usize::MAX).saturating_add(MACHINE_BEATS_SWEPT);
    Ok(BEATS_BY_HOUR.remove_all(tx, &machine, kept)?)
}

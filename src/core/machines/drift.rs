//! What becomes of a machine that shows its components again: the same, some changed and it is followed, or it is another computer.

use super::alerts::{Alert, AlertKind};
use super::allowances::Most;
use super::fingerprint::{self, Components, Drift, Score, Strictness};
use super::history::{self, Happened};
use super::policy::{self, Policy, Rule};
use super::room_alerts::{self, Told, Topic};
use crate::Tx;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, MachineId};
use crate::settings::Machines;

/// What the settings ask of machines, for one transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// The rules.
    pub policy: Policy,
    /// How much of a fingerprint must be there again.
    pub strictness: Strictness,
    /// How many machines are usual.
    pub most: Most,
    /// Seconds within which a machine that is watched shows a sign of life.
    pub every_s: u32,
}

impl Rules {
    /// What these settings ask.
    pub fn of(settings: &Machines) -> Self {
        Self {
            policy: settings.policy,
            strictness: settings.strictness,
            most: Most::of(settings),
            every_s: settings.heartbeat_s,
        }
    }
}

/// What a machine showed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// Nothing that tells anything, or what was registered.
    Same,
    /// Components of a machine of which nothing was registered; they are now.
    First,
    /// Something changed, so much was there again, and the change is registered.
    Followed(u8),
    /// Too little is there again; nothing was registered, and the rules let it pass.
    Unlike(u8),
    /// Too little is there again, and the rules refuse it. To be handed to the caller once the transaction, with its alert, holds.
    Refused(Error),
}

/// Looks at what a machine shows and follows a change. Who calls this goes on to commit, also with what was refused: an alert is
/// part of the transaction.
pub(super) fn show(
    tx: &mut Tx<'_>,
    now: Stamp,
    caller: &Caller,
    (machine, account): (MachineId, AccountId),
    (components, rules): (&Components, &Rules),
) -> Result<Shown> {
    if components.is_empty() {
        return Ok(Shown::Same);
    }
    let Some((score, same)) = fingerprint::like(tx, machine, components)? else {
        fingerprint::keep(tx, now, machine, components, None)?;
        return Ok(Shown::First);
    };
    if same {
        return Ok(Shown::Same);
    }
    if score.passes(rules.strictness) {
        follow(tx, now, caller, machine, (components, score))?;
        return Ok(Shown::Followed(score.percent()));
    }
    let alert = Alert { kind: AlertKind::DriftRefused, machine: Some(machine), account, other: None };
    let refused = policy::judge_telling(tx, now, &rules.policy, Rule::Drift, alert)?;
    Ok(refused.map_or(Shown::Unlike(score.percent()), Shown::Refused))
}

/// Registers what a machine shows in place of what it was. What only came in addition is no drift.
pub(super) fn follow(
    tx: &mut Tx<'_>,
    now: Stamp,
    caller: &Caller,
    machine: MachineId,
    (components, score): (&Components, Score),
) -> Result<()> {
    let percent = score.percent();
    if score.is_whole() {
        let drift = fingerprint::of(tx, machine)?.and_then(|kept| kept.drift);
        return fingerprint::keep(tx, now, machine, components, drift);
    }
    fingerprint::keep(tx, now, machine, components, Some(Drift { at: now, percent }))?;
    history::note(tx, now, machine, Happened::Drifted { percent })?;
    room_alerts::tell(tx, now, Topic::Drift, Told { machine, what: "shows other components and was recognised" })?;
    audit::record(tx, now, caller, Verb::MachineDrifted, &format!("machine {machine}"), &format!("{percent} %"))
}

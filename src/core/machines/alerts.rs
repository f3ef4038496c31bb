//! What those who look after machines shall know at once: a row that waits until somebody has seen it, and a word to those who are
//! connected. Alerts name numbers only. Of a flood of the same only one stands.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::room_alerts::{self, Told, Topic};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Result, Thing};
use crate::event::{Audience, What};
use crate::event_log;
use crate::ids::{AccountId, AlertId, MachineId};
use crate::limits::{MACHINE_ALERT_REPEAT_S, MACHINE_ALERTS_COMPARED, MACHINE_ALERTS_MAX, MACHINE_MANAGERS_TOLD_MAX};
use crate::page::{Ask, Done, Page};
use crate::schema::{ACCOUNTS_BY_SERVER_ROLE, ALERT_BY_ID, ALERTS};
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

/// What an alert is about. Kinds are only ever added at the end, because rows hold their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AlertKind {
    /// A machine was shown that is bound to another account already.
    Twin,
    /// Somebody came with a banned machine.
    BannedMachine,
    /// A limit was passed, as is tolerated.
    Overage,
    /// A machine showed components that are not its own.
    DriftRefused,
    /// A machine showed no sign of life in time.
    Dead,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [AlertKind; 5] =
        [AlertKind::Twin, AlertKind::BannedMachine, AlertKind::Overage, AlertKind::DriftRefused, AlertKind::Dead];

    /// Its name on every wire.
    pub const fn name(self) -> &'static str {
        match self {
            AlertKind::Twin => "twin",
            AlertKind::BannedMachine => "banned_machine",
            AlertKind::Overage => "overage",
            AlertKind::DriftRefused => "drift_refused",
            AlertKind::Dead => "dead",
        }
    }
}

/// An alert to be raised.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// Which machine; none where it was not bound.
    pub machine: Option<MachineId>,
    /// Whose it is, or who came with it.
    pub account: AccountId,
    /// The other account and its machine, where two are part of it.
    pub other: Option<(AccountId, MachineId)>,
}

/// An alert as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AlertRow {
    /// What it says.
    pub alert: Alert,
    /// When it was raised.
    pub at: Stamp,
    /// Who has seen it, and when; an operator has no number.
    pub seen: Option<(Stamp, Option<AccountId>)>,
}

impl Row for AlertRow {}

/// An alert with its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Raised {
    /// Its number.
    pub id: AlertId,
    /// What it says.
    pub row: AlertRow,
}

/// Raises an alert, unless the same stands unseen and fresh.
pub(super) fn raise(tx: &mut Tx<'_>, now: Stamp, alert: Alert) -> Result<()> {
    if is_repeated(tx, now, &alert)? {
        return Ok(());
    }
    let number = tx.count_up(&ALERTS)?;
    let id = AlertId::new(number);
    ALERT_BY_ID.put(tx, &id, &AlertRow { alert, at: now, seen: None })?;
    if let Some(old) = number.checked_sub(MACHINE_ALERTS_MAX) {
        ALERT_BY_ID.remove(tx, &AlertId::new(old))?;
    }
    tell_rooms(tx, now, &alert)?;
    let told = managers(tx)?;
    if !told.is_empty() {
        event_log::record(tx, now, Audience::accounts(told), What::MachineAlert { alert: id, kind: alert.kind })?;
    }
    Ok(())
}

/// Lets rooms know that want to. What was bound or banned they hear from where it happens.
fn tell_rooms(tx: &mut Tx<'_>, now: Stamp, alert: &Alert) -> Result<()> {
    let (topic, what) = match alert.kind {
        AlertKind::DriftRefused => (Topic::Drift, "shows components that are not its own"),
        AlertKind::Dead => (Topic::Dead, "no sign of life"),
        AlertKind::Twin | AlertKind::BannedMachine | AlertKind::Overage => return Ok(()),
    };
    match alert.machine {
        Some(machine) => room_alerts::tell(tx, now, topic, Told { machine, what }),
        None => Ok(()),
    }
}

fn is_repeated(r: &impl Read, now: Stamp, alert: &Alert) -> Result<bool> {
    let since = now.minus_seconds(MACHINE_ALERT_REPEAT_S);
    let newest = ALERT_BY_ID.list(r, &(), None, Order::Descending, MACHINE_ALERTS_COMPARED)?;
    Ok(newest.iter().any(|(_, row)| row.alert == *alert && row.seen.is_none() && row.at > since))
}

/// The accounts that look after everybody's machines, a bounded number of them: those who are told live.
pub(crate) fn managers(r: &impl Read) -> Result<Vec<AccountId>> {
    let mut found = Vec::new();
    for role in server_roles::of_everybody(r, ServerPermission::ManageMachines)? {
        let left = MACHINE_MANAGERS_TOLD_MAX.saturating_sub(found.len());
        let holders = ACCOUNTS_BY_SERVER_ROLE.keys(r, &role, None, Order::Ascending, left)?;
        found.extend(holders.into_iter().map(|(_, account)| account));
    }
    Ok(found)
}

/// Alerts, newest first. Needs the permission to manage machines.
pub fn list(core: &Core, caller: &Caller, ask: Ask<AlertId>) -> Result<Page<Raised, AlertId>> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ManageMachines)?;
        let wanted = ask.items();
        let rows = ALERT_BY_ID.list(view, &(), ask.after.as_ref(), Order::Descending, wanted.saturating_add(1))?;
        let rows = rows.into_iter().map(|(id, row)| Raised { id, row }).collect();
        Ok(Page::of(rows, wanted, |raised: &Raised| raised.id))
    })
}

/// Notes that somebody has seen an alert. Needs the permission to manage machines. Fails with `NotFound(MachineAlert)`.
pub fn see(core: &Core, caller: &Caller, id: AlertId) -> Result<Done> {
    let (now, caller_again) = (core.now(), caller.clone());
    core.write(caller, move |tx| {
        server_roles::require(tx, &caller_again, ServerPermission::ManageMachines)?;
        let row = ALERT_BY_ID.get(tx, &id)?.ok_or(Error::NotFound(Thing::MachineAlert))?;
        if row.seen.is_some() {
            return Ok(Done::AlreadySo);
        }
        let seen = Some((now, caller_again.account_id()));
        ALERT_BY_ID.put(tx, &id, &AlertRow { seen, ..row })?;
        Ok(Done::Done)
    })
}

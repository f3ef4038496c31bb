//! Alerts in rooms: what happens to machines becomes messages of a room whose members shall know. The server speaks in the name of
//! whoever switched that on, because every message has an author; its messages begin with a word that says so, come from the
//! console and leave the author's own mark of what he has read where it is.
//!
//! Invariants: an alert tells a masked code, what the machine is called, and its owner's name only where the owner is a member;
//! it ends as soon as its author is no member or does not look after machines any more; a room hears a bounded number an hour.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::setup;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::{HOUR_S, Stamp};
use crate::error::{Error, Field, Flaw, Limit, Result};
use crate::ids::{AccountId, MachineId, RoomId};
use crate::limits::{MACHINE_ALERT_ROOMS_MAX, ROOM_ALERTS_PER_HOUR};
use crate::roles::{self, Permission, Standing};
use crate::rooms::members;
use crate::schema::{ALERTED_ROOMS, MACHINE_BY_ID, ROOM_ALERTS, ROOM_BY_ID};
use crate::server_roles::{self, ServerPermission};
use crate::settings::Settings;
use crate::{Core, Tx, accounts, messages};

/// What a room can be told about. Their numbers are parts of keys: a new one comes at the end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Topic {
    /// Machines are bound and released.
    Binding,
    /// A machine showed other components.
    Drift,
    /// Machines are banned, and somebody comes with a banned one.
    Ban,
    /// A machine showed no sign of life in time.
    Dead,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Topic; 4] = [Topic::Binding, Topic::Drift, Topic::Ban, Topic::Dead];

    const fn number(self) -> u8 {
        self as u8
    }

    /// Its name on every wire.
    pub const fn name(self) -> &'static str {
        match self {
            Topic::Binding => "binding",
            Topic::Drift => "drift",
            Topic::Ban => "ban",
            Topic::Dead => "dead",
        }
    }

    /// The topic of this name.
    pub fn named(name: &str) -> Option<Topic> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }
}

/// What a room is told about, as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomAlerts {
    /// The topics, one bit each.
    topics: u8,
    /// In whose name the server speaks.
    by: AccountId,
    /// When the hour began in which alerts are counted.
    since: Stamp,
    /// Alerts within that hour.
    told: u32,
    /// Alerts that were too many.
    held: u32,
}

impl Row for RoomAlerts {}

impl RoomAlerts {
    fn list(self) -> Vec<Topic> {
        Topic::ALL.into_iter().filter(|topic| self.topics & (1 << topic.number()) != 0).collect()
    }
}

/// An alert for rooms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// About which machine.
    pub(super) machine: MachineId,
    /// What happened to it.
    pub(super) what: &'static str,
}

/// What a room is told about. Needs the permission to manage machines, and the right to change the room's settings.
pub fn get(core: &Core, caller: &Caller, room: RoomId) -> Result<Vec<Topic>> {
    let settings = core.settings();
    core.read(|view| {
        require(view, &settings, caller, room)?;
        Ok(ROOM_ALERTS.get(view, &room)?.map(RoomAlerts::list).unwrap_or_default())
    })
}

fn require(r: &impl Read, settings: &Settings, caller: &Caller, room: RoomId) -> Result<Standing> {
    let standing = members::require(r, settings, caller, room)?;
    roles::require(&standing, Permission::SetTitle)?;
    server_roles::require(r, caller, ServerPermission::ManageMachines)?;
    Ok(standing)
}

/// Sets what a room is told about from now on, in the caller's name; nothing ends it. Needs what [`get`] needs. Fails with
/// `Invalid(Room, Mismatch)` for a room of encrypted texts, and with `OverLimit(RoomAlerts)` when too many rooms are told.
pub fn set(core: &Core, caller: &Caller, room: RoomId, topics: &[Topic]) -> Result<Vec<Topic>> {
    let bits = topics.iter().fold(0_u8, |bits, topic| bits | (1 << topic.number()));
    let (now, caller_again, settings) = (core.now(), caller.clone(), core.settings());
    core.write(caller, move |tx| {
        let standing = require(tx, &settings, &caller_again, room)?;
        if standing.row.encrypted && bits != 0 {
            return Err(Error::Invalid(Field::Room, Flaw::Mismatch));
        }
        forget(tx, room)?;
        let row = RoomAlerts { topics: bits, by: standing.account, since: now, told: 0, held: 0 };
        for topic in row.list() {
            let others = ALERTED_ROOMS.count(tx, &topic.number(), MACHINE_ALERT_ROOMS_MAX)?;
            if others >= MACHINE_ALERT_ROOMS_MAX {
                return Err(Error::OverLimit(Limit::RoomAlerts));
            }
            ALERTED_ROOMS.put(tx, &(topic.number(), room), &())?;
        }
        if bits != 0 {
            ROOM_ALERTS.put(tx, &room, &row)?;
        }
        let names: Vec<&str> = row.list().into_iter().map(Topic::name).collect();
        audit::record(tx, now, &caller_again, Verb::RoomAlertsChanged, &format!("room {room}"), &names.join(" "))?;
        Ok(row.list())
    })
}

/// Ends the alerts of a room.
pub(crate) fn forget(tx: &mut Tx<'_>, room: RoomId) -> Result<()> {
    let Some(row) = ROOM_ALERTS.get(tx, &room)? else { return Ok(()) };
    for topic in row.list() {
        ALERTED_ROOMS.remove(tx, &(topic.number(), room))?;
    }
    Ok(ROOM_ALERTS.remove(tx, &room)?)
}

/// Tells the rooms that want to know of this, in the transaction of the deed.
pub(super) fn tell(tx: &mut Tx<'_>, now: Stamp, topic: Topic, told: Told) -> Result<()> {
    let rooms = ALERTED_ROOMS.keys(tx, &topic.number(), None, Order::Ascending, MACHINE_ALERT_ROOMS_MAX)?;
    for (_, room) in rooms {
        let Some(row) = ROOM_ALERTS.get(tx, &room)? else { continue };
        if !may_tell(tx, room, row.by)? {
            forget(tx, room)?;
            continue;
        }
        tell_room(tx, now, (room, row), told)?;
    }
    Ok(())
}

/// Whether the server may still speak in a room in somebody's name.
fn may_tell(r: &impl Read, room: RoomId, by: AccountId) -> Result<bool> {
    let is_open = ROOM_BY_ID.get(r, &room)?.is_some_and(|row| !row.encrypted);
    Ok(is_open
        && members::find(r, room, by)?.is_some()
        && server_roles::power_of(r, by)?.over_everybody().has(ServerPermission::ManageMachines))
}

fn tell_room(tx: &mut Tx<'_>, now: Stamp, (room, row): (RoomId, RoomAlerts), told: Told) -> Result<()> {
    let is_over = now >= row.since.plus_seconds(HOUR_S);
    let row = if is_over { RoomAlerts { since: now, told: 0, ..row } } else { row };
    if row.told >= ROOM_ALERTS_PER_HOUR {
        return Ok(ROOM_ALERTS.put(tx, &room, &RoomAlerts { held: row.held.saturating_add(1), ..row })?);
    }
    let text = words(tx, room, told, row.held)?;
    ROOM_ALERTS.put(tx, &room, &RoomAlerts { told: row.told.saturating_add(1), held: 0, ..row })?;
    messages::post_by_server(tx, now, (room, row.by), text)
}

/// What a room hears: nothing that points to a person who is not in it.
fn words(r: &impl Read, room: RoomId, told: Told, held: u32) -> Result<String> {
    let Told { machine, what } = told;
    let found = MACHINE_BY_ID.get(r, &machine)?;
    let name = setup::of(r, machine)?.name;
    let called = if name.is_empty() { String::new() } else { format!(" \"{name}\"") };
    let code = found.as_ref().map(|row| format!(" ({})", row.code.masked())).unwrap_or_default();
    let owner = match found.as_ref().map(|row| row.account) {
        Some(account) if members::find(r, room, account)?.is_some() => {
            format!(" of {}", accounts::get(r, account)?.display_name.as_str())
        }
        Some(_) | None => String::new(),
    };
    let more = if held == 0 { String::new() } else { format!(" {held} alerts before this one were too many to tell.") };
    Ok(format!("[server] Machine {machine}{called}{code}{owner}: {what}.{more}"))
}

//! Keys of encrypted rooms. The server sees none in the clear: it says when a new one is due and by whom, hands out the public
//! keys of the members, and carries what one member closed for another.
//!
//! Invariant: a change that is due is asked for once, together with the message that found it due; the clock starts anew
//! there, whether or not the asked member follows.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Thing};
use crate::event::{Audience, Enclosure, What, account_topic};
use crate::ids::{AccountId, RoomId};
use crate::limits::{KEY_BYTES_MAX, KEY_MEMBERS_MAX};
use crate::page::Done;
use crate::roles::{self, Permission, Standing};
use crate::rooms::members;
use crate::rooms::room::RoomRow;
use crate::schema::{KEY_STATE_BY_ROOM, MEMBER_BY_ROOM, ROOM_BY_ID};
use crate::settings::Settings;
use crate::{Core, Tx, accounts, event_log};

/// How old the key of an encrypted room is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeyRow {
    /// When a new key was last asked for.
    pub changed_at: Stamp,
    /// Whether somebody left since, who still knows the key.
    pub somebody_left: bool,
}

impl Row for KeyRow {}

/// Switches encryption of a room on or off; `AlreadySo` when it was. Switching on asks the caller for a key. Fails with
/// `NotFound(Room)`, `Refused(NotAMember)`, `Denied(Room(14))`, `OverLimit(Members)` for a room with too many to send keys to.
pub fn set_encrypted(core: &Core, caller: &Caller, room: RoomId, encrypted: bool) -> Result<Done> {
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    core.write(caller, move |tx| {
        let standing = standing(tx, &settings, &who, room)?;
        roles::require(&standing, Permission::Encrypt)?;
        if standing.row.encrypted == encrypted {
            return Ok(Done::AlreadySo);
        }
        if encrypted && members::counts(tx, room)?.members > KEY_MEMBERS_MAX {
            return Err(Error::OverLimit(Limit::Members));
        }
        ROOM_BY_ID.put(tx, &room, &RoomRow { encrypted, updated_at: now, ..standing.row })?;
        event_log::record(tx, now, Audience::room(room), What::RoomChanged { room })?;
        audit::record(tx, now, &who, Verb::RoomChanged, &format!("room {room}"), "")?;
        if encrypted {
            ask_for_key(tx, now, room, standing.account)?;
        }
        Ok(Done::Done)
    })
}

/// Carries the key of a room, closed for one account, to that account. Fails with `NotFound(Room)`, `Refused(NotAMember)`,
/// `NotFound(Account)` for a receiver whom nobody knows, `Invalid(Text, TooLong)`.
pub fn send_key(core: &Core, caller: &Caller, room: RoomId, to: AccountId, key: Vec<u8>) -> Result<()> {
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    core.write(caller, move |tx| {
        let from = standing(tx, &settings, &who, room)?.account;
        if key.len() > KEY_BYTES_MAX {
            return Err(Error::Invalid(Field::Text, Flaw::TooLong));
        }
        accounts::get(tx, to)?;
        // Whoever is about to come in is no member yet: he hears it live, and asks again if he was away.
        let audience = Audience::room(room).and_account(from).and_nearby(vec![account_topic(to)]);
        let what = What::RoomKeySent { room, from, to };
        event_log::record_with(tx, now, audience, what, Enclosure::bytes(key.clone())).map(drop)
    })
}

/// The caller as a member. That a room is there is no secret in protocols with keys, so others hear `Refused(NotAMember)`.
fn standing(r: &impl Read, settings: &Settings, caller: &Caller, room: RoomId) -> Result<Standing> {
    members::require(r, settings, caller, room).map_err(|refusal| match refusal {
        Error::NotFound(Thing::Room) if matches!(ROOM_BY_ID.has(r, &room), Ok(true)) => {
            Error::Refused(Reason::NotAMember)
        }
        other => other,
    })
}

/// The public key of somebody who comes into an encrypted room, for those who hand him the room's; none elsewhere.
pub(crate) fn of_joiner(r: &impl Read, row: &RoomRow, account: AccountId) -> Result<Option<Vec<u8>>> {
    if !row.encrypted {
        return Ok(None);
    }
    let keys = accounts::public_keys(r, &[account])?;
    Ok(keys.first().map(|(_, key)| key.bytes().to_vec()))
}

/// Notes that somebody went who knows the key.
pub(crate) fn note_left(tx: &mut Tx<'_>, room: RoomId) -> Result<()> {
    // A room on its way out has no row any more.
    let Some(row) = ROOM_BY_ID.get(tx, &room)?.filter(|row| row.encrypted) else { return Ok(()) };
    let state = state(tx, room, &row)?;
    if !state.somebody_left {
        KEY_STATE_BY_ROOM.put(tx, &room, &KeyRow { somebody_left: true, ..state })?;
    }
    Ok(())
}

/// Notes that a room became encrypted by a client that makes no keys: the next sender who does is asked for one.
pub(crate) fn note_switched_on(tx: &mut Tx<'_>, room: RoomId) -> Result<()> {
    Ok(KEY_STATE_BY_ROOM.put(tx, &room, &KeyRow { changed_at: Stamp::ZERO, somebody_left: false })?)
}

/// A room that was encrypted from the beginning has its first key from its opener.
fn state(r: &impl Read, room: RoomId, row: &RoomRow) -> Result<KeyRow> {
    let fresh = KeyRow { changed_at: row.created_at, somebody_left: false };
    Ok(KEY_STATE_BY_ROOM.get(r, &room)?.unwrap_or(fresh))
}

/// Asks the sender of a message for a new key when the present one is older than `life_s` or somebody left who knows it.
pub(crate) fn renew_if_due(tx: &mut Tx<'_>, now: Stamp, sender: &Standing, life_s: u64) -> Result<()> {
    if !sender.row.encrypted {
        return Ok(());
    }
    let state = state(tx, sender.room, &sender.row)?;
    if state.somebody_left || now > state.changed_at.plus_seconds(life_s) {
        ask_for_key(tx, now, sender.room, sender.account)?;
    }
    Ok(())
}

/// Asks a member to make a new key and to send it to each other member who has a public key.
fn ask_for_key(tx: &mut Tx<'_>, now: Stamp, room: RoomId, account: AccountId) -> Result<()> {
    event_log::record(tx, now, Audience::room(room), What::RoomKeyDue { room, account })?;
    let most = usize::try_from(KEY_MEMBERS_MAX).unwrap_or(usize::MAX);
    let members = MEMBER_BY_ROOM.keys(tx, &room, None, Order::Ascending, most)?;
    let others: Vec<AccountId> =
        members.into_iter().map(|(_, member)| member).filter(|member| *member != account).collect();
    for (member, key) in accounts::public_keys(tx, &others)? {
        let what = What::RoomKeyWanted { room, account, member };
        let audience = Audience::room(room).and_account(member);
        event_log::record_with(tx, now, audience, what, Enclosure::bytes(key.bytes()))?;
    }
    KEY_STATE_BY_ROOM.put(tx, &room, &KeyRow { changed_at: now, somebody_left: false })?;
    Ok(())
}

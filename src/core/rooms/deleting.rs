//! The end of a room. The first command takes the room row, so that from then on nobody finds or enters it, and tells the
//! first members; everything else goes in bounded commands, because one command that removes a year of messages would hold
//! the only writer. A room that is half gone after a crash is on a list, and `sweep_deleted` finishes it.

use chatelaine_store::{Newest, Order, Row};
use serde::{Deserialize, Serialize};

use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::event::{Audience, What, leaves};
use crate::figures::counts::{self, Counted};
use crate::ids::{AccountId, RoomId};
use crate::limits::{ROOM_BATCH_MEMBERS, ROOM_BATCH_ROWS};
use crate::machines::room_alerts;
use crate::roles::{self, Permission};
use crate::rooms::members::{self, Left};
use crate::rooms::room::RoomRow;
use crate::rooms::{invites, links};
use crate::schema::{
    BAN_BY_ROOM, COUNTS_BY_ROOM, DYING_ROOM_BY_ID, EDIT_BY_PLACE, FILES_BY_ROOM, FOREIGN_BY_PLACE, INVITE_BY_PEOPLE,
    KEY_STATE_BY_ROOM, LEFT_BY_ACCOUNT, LEFT_BY_ROOM, LINKS_BY_ROOM, LISTED_ROOMS, LOG_BY_ROOM, MEMBER_BY_ROOM,
    MESSAGE_BY_PLACE, MUTE_BY_ROOM, OFFSET_BY_CLIENT_KEY, PICTURE_KEY_BY_ROOM, PRIVATE_ROOM_BY_PAIR,
    REACTION_BY_ACCOUNT, REACTIONS_BY_PLACE, REQUEST_BY_ROOM, ROLE_BY_ID, ROLES_BY_ROOM, ROOM_BY_ID, TEXT_BY_PLACE,
};
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx, event_log, friends, retention};

/// What is still needed of a room that is being deleted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DyingRow {
    /// What it was called, for the members who are still to be told.
    pub title: String,
}

impl Row for DyingRow {}

/// What becomes of private rooms when one of the two asks for the room's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrivateRooms {
    /// They stay: what two people said to each other is neither's alone, and who has enough of it leaves.
    Stay,
    /// They go like groups, and the friendship of the two with them. One protocol promises so.
    Go,
}

/// As [`delete_any`], where private rooms stay.
pub fn delete(core: &Core, caller: &Caller, room: RoomId) -> Result<()> {
    delete_any(core, caller, room, PrivateRooms::Stay)
}

/// Deletes a room with all that was said in it, and tells its members. Needs the right to delete it, or to look after all
/// rooms. Fails with `Refused(RoomKind)` for one of the two in a private room, unless those go too.
/// It is out of reach at once; the answer comes when its rows are gone.
pub fn delete_any(core: &Core, caller: &Caller, room: RoomId, private: PrivateRooms) -> Result<()> {
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    core.write(caller, move |tx| {
        let acting = roles::require_here_or_everywhere(tx, &settings, &who, room, Permission::DeleteRoom)?;
        if private == PrivateRooms::Stay && !server_roles::may(tx, &who, ServerPermission::ManageRooms)? {
            members::require_group(&acting.row)?;
        }
        if let Some((one, other)) = acting.row.pair.filter(|_| private == PrivateRooms::Go) {
            let (by, other) = if acting.by == Some(other) { (other, one) } else { (one, other) };
            friends::part(tx, now, by, other)?;
        }
        audit::record(tx, now, &who, Verb::RoomDeleted, &format!("room {room}"), "")?;
        begin(tx, now, room, &acting.row)
    })?;
    finish(core, room, Left::RoomDeleted).map(drop)
}

/// Begins the end of the private room of two people, if there is one; [`finish`] brings it to its end.
pub(crate) fn begin_private(tx: &mut Tx<'_>, now: Stamp, one: AccountId, other: AccountId) -> Result<Option<RoomId>> {
    let Some(room) = PRIVATE_ROOM_BY_PAIR.get(tx, &(one.min(other), one.max(other)))? else { return Ok(None) };
    let row = members::room_row(tx, room)?;
    begin(tx, now, room, &row)?;
    Ok(Some(room))
}

/// Makes the room unreachable and tells the first members.
pub(crate) fn begin(tx: &mut Tx<'_>, now: Stamp, room: RoomId, row: &RoomRow) -> Result<()> {
    counts::down(tx, Counted::Rooms)?;
    ROOM_BY_ID.remove(tx, &room)?;
    LISTED_ROOMS.remove(tx, &Newest(room))?;
    if let Some(pair) = row.pair {
        PRIVATE_ROOM_BY_PAIR.remove(tx, &pair)?;
    }
    DYING_ROOM_BY_ID.put(tx, &room, &DyingRow { title: row.title.clone() })?;
    dismiss(tx, now, room, &row.title)?;
    Ok(())
}

/// Takes some members out of a dying room and tells them; says how many.
fn dismiss(tx: &mut Tx<'_>, now: Stamp, room: RoomId, title: &str) -> Result<usize> {
    let rows = MEMBER_BY_ROOM.list(tx, &room, None, Order::Ascending, ROOM_BATCH_MEMBERS)?;
    let accounts: Vec<AccountId> = rows.iter().map(|((_, account), _)| *account).collect();
    if accounts.is_empty() {
        return Ok(0);
    }
    for ((_, account), member) in &rows {
        members::dismiss(tx, now, room, *account, member)?;
    }
    let moves = accounts.iter().map(|account| leaves(*account, room)).collect();
    let what = What::RoomDeleted { room, title: title.to_owned() };
    event_log::record_moving(tx, now, Audience::accounts(accounts), what, moves)?;
    Ok(rows.len())
}

/// Finishes what an operation began, if it ended a room, and passes its answer on.
pub(crate) fn finish(core: &Core, room: RoomId, left: Left) -> Result<Left> {
    if left == Left::RoomDeleted {
        while sweep_some(core, room)? {}
    }
    Ok(left)
}

/// Finishes rooms that were being deleted when the server stopped; safe to repeat. Says how many.
pub fn sweep_deleted(core: &Core) -> Result<usize> {
    let mut swept = 0;
    while let Some((room, _)) = core.read(|view| DYING_ROOM_BY_ID.first(view, &()))? {
        while sweep_some(core, room)? {}
        swept += 1;
    }
    Ok(swept)
}

/// One bounded command; says whether something may be left.
fn sweep_some(core: &Core, room: RoomId) -> Result<bool> {
    let now = core.now();
    core.write(&Caller::system(), move |tx| {
        let Some(dying) = DYING_ROOM_BY_ID.get(tx, &room)? else { return Ok(false) };
        if dismiss(tx, now, room, &dying.title)? > 0 || sweep_entrances(tx, room)? > 0 || sweep_log(tx, room)? > 0 {
            return Ok(true);
        }
        LOG_BY_ROOM.remove(tx, &room)?;
        COUNTS_BY_ROOM.remove(tx, &room)?;
        KEY_STATE_BY_ROOM.remove(tx, &room)?;
        PICTURE_KEY_BY_ROOM.remove(tx, &room)?;
        room_alerts::forget(tx, room)?;
        DYING_ROOM_BY_ID.remove(tx, &room)?;
        Ok(false)
    })
}

/// Roles, bans, mutes, invitations, links, requests, notes of who was here, and the list of files, which go back to being their owners' alone.
fn sweep_entrances(tx: &mut Tx<'_>, room: RoomId) -> Result<usize> {
    let most = ROOM_BATCH_ROWS;
    let mut removed = BAN_BY_ROOM.remove_all(tx, &room, most)?
        + MUTE_BY_ROOM.remove_all(tx, &room, most)?
        + REQUEST_BY_ROOM.remove_all(tx, &room, most)?
        + FILES_BY_ROOM.remove_all(tx, &room, most)?;
    for (_, role) in ROLES_BY_ROOM.keys(tx, &room, None, Order::Ascending, most)? {
        ROLE_BY_ID.remove(tx, &role)?;
        ROLES_BY_ROOM.remove(tx, &(room, role))?;
        removed += 1;
    }
    for (_, invite) in INVITE_BY_PEOPLE.list(tx, &room, None, Order::Ascending, most)? {
        invites::remove(tx, invite)?;
        removed += 1;
    }
    for (_, account) in LEFT_BY_ROOM.keys(tx, &room, None, Order::Ascending, most)? {
        LEFT_BY_ROOM.remove(tx, &(room, account))?;
        LEFT_BY_ACCOUNT.remove(tx, &(account, room))?;
        removed += 1;
    }
    for (_, link) in LINKS_BY_ROOM.keys(tx, &room, None, Order::Ascending, most)? {
        links::remove(tx, room, link)?;
        removed += 1;
    }
    Ok(removed)
}

/// Messages, what hangs on them, and the events kept for them. Younger events of the room stay in the log for their time; nobody
/// is a member any more.
fn sweep_log(tx: &mut Tx<'_>, room: RoomId) -> Result<usize> {
    let most = ROOM_BATCH_ROWS;
    Ok(sweep_messages(tx, room, most)?
        + TEXT_BY_PLACE.remove_all(tx, &room, most)?
        + FOREIGN_BY_PLACE.remove_all(tx, &room, most)?
        + EDIT_BY_PLACE.remove_all(tx, &room, most)?
        + OFFSET_BY_CLIENT_KEY.remove_all(tx, &room, most)?
        + REACTIONS_BY_PLACE.remove_all(tx, &room, most)?
        + REACTION_BY_ACCOUNT.remove_all(tx, &room, most)?
        + retention::forget_room(tx, room, most)?)
}

fn sweep_messages(tx: &mut Tx<'_>, room: RoomId, most: usize) -> Result<usize> {
    let rows = MESSAGE_BY_PLACE.list(tx, &room, None, Order::Ascending, most)?;
    // In the same command, since the log alone knows which events these are.
    retention::forget_messages(tx, rows.iter().map(|(_, row)| row.id))?;
    for (place, _) in &rows {
        MESSAGE_BY_PLACE.remove(tx, place)?;
    }
    Ok(rows.len())
}

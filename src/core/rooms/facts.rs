//! A room as protocols ask for it that know no page of members: its facts, and its whole roll for those who may see it.
//!
//! One protocol promises its users the facts of every room whose number they know; elsewhere a hidden room answers like none.
//! Which of the two holds is the asker's to say; the roll is for members everywhere.

use chatelaine_store::{Order, Read};

use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Reason, Result, Thing};
use crate::ids::{AccountId, RoleId, RoomId};
use crate::limits::ROOM_MEMBERS_END;
use crate::roles;
use crate::rooms::mine::room_view;
use crate::rooms::views::RoomView;
use crate::schema::MEMBER_BY_ROOM;

/// Who may know of a room without being in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outsiders {
    /// Whoever knows its number.
    All,
    /// As everywhere else: of visible groups everybody, of others nobody.
    AsListed,
}

/// Whether the roll is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Roll {
    /// With the members.
    Wanted,
    /// Without.
    Skipped,
}

/// What is known of a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// The room.
    pub room: RoomView,
    /// Every member and his role, by account; none when it was not wanted or the caller may not see it.
    pub members: Option<Vec<(AccountId, RoleId)>>,
}

/// The facts of a room. Fails with `NotFound(Room)`, for outsiders also of rooms they may not know of.
pub fn facts(core: &Core, caller: &Caller, room: RoomId, ask: (Outsiders, Roll)) -> Result<Facts> {
    caller.require_account()?;
    let (outsiders, roll) = ask;
    let settings = core.settings();
    core.read(|view| {
        let inside = match roles::require_seen(view, &settings, caller, room) {
            Ok(acting) => acting.row.options.members_may_list || acting.permissions.is_steward(),
            Err(Error::Refused(Reason::NotAMember)) => false,
            // Of a room that is not there at all the view below says so.
            Err(Error::NotFound(Thing::Room)) if outsiders == Outsiders::All => false,
            Err(other) => return Err(other),
        };
        let wanted = inside && roll == Roll::Wanted;
        let members = if wanted { Some(members_of(view, room, MEMBERS_MAX)?) } else { None };
        Ok(Facts { room: room_view(view, room)?, members })
    })
}

/// Members of a room at most.
const MEMBERS_MAX: usize = ROOM_MEMBERS_END as usize;

/// The first so many members of a room and their roles, by account.
pub(crate) fn members_of(r: &impl Read, room: RoomId, most: usize) -> Result<Vec<(AccountId, RoleId)>> {
    let rows = MEMBER_BY_ROOM.list(r, &room, None, Order::Ascending, most)?;
    Ok(rows.into_iter().map(|((_, account), member)| (account, member.role)).collect())
}

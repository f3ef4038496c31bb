//! Coming into a group by oneself: at once where it is open, by a request that somebody answers where it asks for one, not
//! at all where invitations are needed. Bans hold on every way in.

use chatelaine_store::Order;

use crate::caller::Caller;
use crate::error::{Error, Field, Limit, Reason, Result, Thing};
use crate::event::{Audience, Enclosure, What};
use crate::ids::{AccountId, RoomId};
use crate::limits::ROOM_REQUESTS_MAX;
use crate::page::{Ask, Page};
use crate::roles::{self, Permission};
use crate::rooms::room::{JoinRule, RequestRow, checked_note};
use crate::rooms::views::RequestView;
use crate::rooms::{Answer, keys, members, require_not_banned};
use crate::schema::REQUEST_BY_ROOM;
use crate::{Core, Tx, event_log};

/// What came of asking to join.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Joining {
    /// In.
    Joined,
    /// The request waits for an answer.
    Asked,
}

/// Joins an open group, or asks to be let in; asking again replaces the note and tells the room again.
/// Fails with `NotFound(Room)` for rooms that are hidden from outsiders, `Refused(Banned)`, `Exists(Member)`, `Refused(JoinRule)`
/// where only invitations help, or `OverLimit(Requests | Members | Rooms)`.
pub fn join(core: &Core, caller: &Caller, room: RoomId, note: String) -> Result<Joining> {
    let account = caller.require_account()?;
    let note = checked_note(note, Field::Note)?;
    let (settings, now) = (core.settings(), core.now());
    core.write(caller, move |tx| {
        let row = members::room_row(tx, room)?;
        let inside = members::find(tx, room, account)?.is_some();
        if !inside && !row.is_visible() {
            return Err(Error::NotFound(Thing::Room));
        }
        require_not_banned(tx, now, room, account)?;
        if inside {
            return Err(Error::Exists(Thing::Member));
        }
        match row.join_rule {
            JoinRule::Open => {
                members::add_telling(tx, &settings, now, room, (account, row.default_role, None))?;
                return Ok(Joining::Joined);
            }
            JoinRule::Request => {}
            JoinRule::Invite => return Err(Error::Refused(Reason::JoinRule)),
        }
        if !REQUEST_BY_ROOM.has(tx, &(room, account))? {
            let mut counts = members::counts(tx, room)?;
            if counts.requests >= ROOM_REQUESTS_MAX {
                return Err(Error::OverLimit(Limit::Requests));
            }
            counts.requests += 1;
            members::put_counts(tx, room, counts)?;
        }
        REQUEST_BY_ROOM.put(tx, &(room, account), &RequestRow { note: note.clone(), at: now })?;
        let audience = Audience::room(room).and_account(account);
        let bytes = keys::of_joiner(tx, &row, account)?.unwrap_or_default();
        let enclosure = Enclosure { text: note.clone(), bytes, ..Enclosure::default() };
        event_log::record_with(tx, now, audience, What::JoinRequested { room, account }, enclosure)?;
        Ok(Joining::Asked)
    })
}

/// Takes a request away, if there is one.
pub(crate) fn remove_request(tx: &mut Tx<'_>, room: RoomId, account: AccountId) -> Result<()> {
    if !REQUEST_BY_ROOM.has(tx, &(room, account))? {
        return Ok(());
    }
    REQUEST_BY_ROOM.remove(tx, &(room, account))?;
    let mut counts = members::counts(tx, room)?;
    counts.requests = counts.requests.saturating_sub(1);
    members::put_counts(tx, room, counts)
}

/// Requests that wait, by account. For those who may answer them.
pub fn list_requests(
    core: &Core,
    caller: &Caller,
    room: RoomId,
    ask: Ask<AccountId>,
) -> Result<Page<RequestView, AccountId>> {
    let settings = core.settings();
    core.read(|view| {
        let standing = members::require(view, &settings, caller, room)?;
        roles::require(&standing, Permission::AcceptJoin)?;
        let after = ask.after.map(|account| (room, account));
        let rows = REQUEST_BY_ROOM.list(view, &room, after.as_ref(), Order::Ascending, ask.items() + 1)?;
        let page = Page::of(rows, ask.items(), |((_, account), _)| *account);
        Ok(page.map(|((_, account), row)| RequestView { room, account, note: row.note, at: row.at }))
    })
}

/// Answers a request; it is used up either way. Fails with `NotFound(JoinRequest)` when none waits, `Denied`, and on
/// acceptance with `Refused(Banned)` or `OverLimit(Members | Rooms)`.
pub fn answer_request(core: &Core, caller: &Caller, room: RoomId, account: AccountId, answer: Answer) -> Result<()> {
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    core.write(caller, move |tx| {
        let standing = members::require(tx, &settings, &who, room)?;
        roles::require(&standing, Permission::AcceptJoin)?;
        if !REQUEST_BY_ROOM.has(tx, &(room, account))? {
            return Err(Error::NotFound(Thing::JoinRequest));
        }
        let by = Some(standing.account);
        let accepted = answer == Answer::Accept;
        if accepted {
            require_not_banned(tx, now, room, account)?;
            // Becoming a member takes the request away.
            members::add_telling(tx, &settings, now, room, (account, standing.row.default_role, by))?;
        } else {
            remove_request(tx, room, account)?;
        }
        let audience = Audience::room(room).and_account(account);
        event_log::record(tx, now, audience, What::JoinAnswered { room, account, accepted, by })?;
        Ok(())
    })
}

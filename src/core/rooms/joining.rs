//! Coming into a group by oneself: at once where it is open, by a request that somebody answers where it asks for one, not
//! at all where invitations are needed. Bans hold on every way in.

use chatelaine_store::Order;

use crate::caller::Caller;
use crate::error::{Error, Field, Limit, Reason, Result, Thing};
use crate::event::{Audience, What};
use crate::ids::{AccountId, RoomId};
use crate::limits::{PAGE_ITEMS_MAX, ROOM_REQUESTS_MAX};
use crate::page::{Ask, Page};
use crate::roles::{self, BUILT_IN, Permission};
use crate::rooms::room::{JoinRule, RequestRow, checked_note};
use crate::rooms::views::RequestView;
use crate::rooms::{Answer, members, require_not_banned};
use crate::schema::{MEMBERS_BY_ROLE, REQUEST_BY_ROOM, ROLES_BY_ROOM};
use crate::settings::Settings;
use crate::{Core, event_log};

/// What came of asking to join.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Joining {
    /// In.
    Joined,
    /// The request waits for an answer.
    Asked,
}

/// Joins an open group, or asks to be let in; asking again replaces the note and tells the approvers again.
/// Fails with `NotFound(Room)` for rooms that are hidden from outsiders, `Exists(Member)`, `Refused(Banned)`, `Refused(JoinRule)`
/// where only invitations help, or `OverLimit(Requests | Members | Rooms)`.
pub fn join(core: &Core, caller: &Caller, room: RoomId, note: String) -> Result<Joining> {
    let account = caller.require_account()?;
    let note = checked_note(note, Field::Note)?;
    let (settings, now) = (core.settings(), core.now());
    core.write(caller, move |tx| {
        let row = members::room_row(tx, room)?;
        if members::find(tx, room, account)?.is_some() {
            return Err(Error::Exists(Thing::Member));
        }
        if !row.is_visible() {
            return Err(Error::NotFound(Thing::Room));
        }
        require_not_banned(tx, now, room, account)?;
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
        let audience = Audience::accounts(approvers(tx, &settings, room)?).and_account(account);
        event_log::record(tx, now, audience, What::JoinRequested { room, account })?;
        Ok(Joining::Asked)
    })
}

/// Members who may answer requests, as many as one event can name; the list of requests is open to all of them.
fn approvers(r: &impl chatelaine_store::Read, settings: &Settings, room: RoomId) -> Result<Vec<AccountId>> {
    let own = ROLES_BY_ROOM.keys(r, &room, None, Order::Ascending, crate::limits::ROOM_OWN_ROLES_MAX)?;
    let mut approvers = Vec::new();
    for role in BUILT_IN.into_iter().rev().chain(own.into_iter().map(|(_, role)| role)) {
        let wanted = PAGE_ITEMS_MAX.saturating_sub(approvers.len());
        if roles::held(r, settings, room, role)?.has(Permission::AcceptJoin) {
            let holders = MEMBERS_BY_ROLE.keys(r, &(room, role), None, Order::Ascending, wanted)?;
            approvers.extend(holders.into_iter().map(|(_, _, account)| account));
        }
    }
    Ok(approvers)
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
            REQUEST_BY_ROOM.remove(tx, &(room, account))?;
            let mut counts = members::counts(tx, room)?;
            counts.requests = counts.requests.saturating_sub(1);
            members::put_counts(tx, room, counts)?;
        }
        let audience = Audience::room(room).and_account(account);
        event_log::record(tx, now, audience, What::JoinAnswered { room, account, accepted, by })?;
        Ok(())
    })
}

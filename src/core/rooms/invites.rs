//! Invitations of people: one per inviter, invitee and room, each with an end. A newer one takes the place of the older;
//! any answer uses it up. What has run out is ignored wherever it is read and removed by a job.

use chatelaine_store::{Order, Read};

use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Limit, Result, Thing};
use crate::event::{Audience, Enclosure, What};
use crate::friends::asked;
use crate::ids::{AccountId, InviteId, RoomId};
use crate::lapsing::due;
use crate::limits::{INVITE_LIFE_S, ROOM_BATCH_ROWS, ROOM_INVITES_MAX, SEARCH_ROWS_MAX};
use crate::page::{Ask, Page};
use crate::roles::{self, Permission, Standing};
use crate::rooms::room::{InviteRow, RoomRow, checked_note};
use crate::rooms::views::InviteView;
use crate::rooms::{keys, members, people, require_not_banned};
use crate::schema::{INVITE_BY_ID, INVITE_BY_PEOPLE, INVITES, INVITES_BY_ACCOUNT, INVITES_BY_EXPIRY};
use crate::settings::Settings;
use crate::{Core, Tx, event_log};

/// What somebody says to an invitation or request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Yes.
    Accept,
    /// No.
    Decline,
}

/// An invitation to be made.
#[derive(Clone, Debug)]
pub struct NewInvite {
    /// Into which room.
    pub room: RoomId,
    /// Whom.
    pub invitee: AccountId,
    /// What is said to it.
    pub note: String,
    /// For how many seconds it can be answered.
    pub for_s: u64,
}

/// As [`invite_for`], for as long as invitations usually can be answered.
pub fn invite(core: &Core, caller: &Caller, room: RoomId, invitee: AccountId, note: String) -> Result<InviteView> {
    invite_for(core, caller, NewInvite { room, invitee, note, for_s: INVITE_LIFE_S })
}

/// Invites somebody into a group. Fails with `Denied` for plain members where the room does not let them invite, with
/// `Exists(Member)`, `NotFound(Account)`, `Refused(AccountClosed | Banned | Blocked | RoomKind)`, `OverLimit(Invites)`, or
/// `TooFast` after asking the same person too often.
pub fn invite_for(core: &Core, caller: &Caller, new: NewInvite) -> Result<InviteView> {
    let NewInvite { room, invitee, for_s, note } = new;
    let note = checked_note(note, Field::Note)?;
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    core.write(caller, move |tx| {
        let standing = members::require(tx, &settings, &who, room)?;
        require_may_invite(&standing)?;
        people::require_reachable(tx, standing.account, invitee)?;
        if members::find(tx, room, invitee)?.is_some() {
            return Err(Error::Exists(Thing::Member));
        }
        require_not_banned(tx, now, room, invitee)?;
        let new = NewInvite { room, invitee, note: note.clone(), for_s };
        let (id, row) = put(tx, now, standing.account, new)?;
        Ok(row.view(id, standing.row.title))
    })
}

/// Fails with `Refused(RoomKind)` for private rooms, with `Denied` where only those who look after the room may invite.
pub(crate) fn require_may_invite(standing: &Standing) -> Result<()> {
    members::require_group(&standing.row)?;
    if standing.row.options.members_may_invite || standing.permissions.is_steward() {
        return Ok(());
    }
    Err(Permission::AcceptJoin.denied())
}

/// Whether who once invited somebody could do so now: a way in lasts no longer than the right to open it.
pub(crate) fn may_still_invite(
    r: &impl Read,
    settings: &Settings,
    room: (RoomId, &RoomRow),
    by: AccountId,
) -> Result<bool> {
    let Some(member) = members::find(r, room.0, by)? else { return Ok(false) };
    Ok(room.1.options.members_may_invite || roles::held_by(r, settings, room, &member)?.is_steward())
}

/// Writes an invitation in place of an earlier one by the same inviter, and tells the invitee.
pub(crate) fn put(tx: &mut Tx<'_>, now: Stamp, inviter: AccountId, new: NewInvite) -> Result<(InviteId, InviteRow)> {
    let NewInvite { room, invitee, note, for_s } = new;
    if let Some(old) = INVITE_BY_PEOPLE.get(tx, &(room, invitee, inviter))? {
        remove(tx, old)?;
    }
    asked::count(tx, now, (inviter, invitee), Some(room))?;
    let mut counts = members::counts(tx, room)?;
    if counts.invites >= ROOM_INVITES_MAX {
        return Err(Error::OverLimit(Limit::Invites));
    }
    counts.invites += 1;
    members::put_counts(tx, room, counts)?;
    let id = InviteId::new(tx.count_up(&INVITES)?);
    let expires_at = now.plus_seconds(for_s);
    let enclosure = Enclosure { text: note.clone(), number: expires_at.micros(), ..Enclosure::default() };
    let row = InviteRow { room, inviter, invitee, note, at: now, expires_at };
    INVITE_BY_ID.put(tx, &id, &row)?;
    INVITE_BY_PEOPLE.put(tx, &(room, invitee, inviter), &id)?;
    INVITES_BY_ACCOUNT.put(tx, &(invitee, id), &())?;
    INVITES_BY_EXPIRY.put(tx, &(expires_at, id), &())?;
    let audience = Audience::room(room).and_account(invitee);
    event_log::record_with(tx, now, audience, What::InviteSent { room, inviter, invitee }, enclosure)?;
    Ok((id, row))
}

/// Takes all rows of an invitation away; gives what it was.
pub(crate) fn remove(tx: &mut Tx<'_>, id: InviteId) -> Result<Option<InviteRow>> {
    let Some(row) = INVITE_BY_ID.get(tx, &id)? else { return Ok(None) };
    INVITE_BY_ID.remove(tx, &id)?;
    INVITE_BY_PEOPLE.remove(tx, &(row.room, row.invitee, row.inviter))?;
    INVITES_BY_ACCOUNT.remove(tx, &(row.invitee, id))?;
    INVITES_BY_EXPIRY.remove(tx, &(row.expires_at, id))?;
    let mut counts = members::counts(tx, row.room)?;
    counts.invites = counts.invites.saturating_sub(1);
    members::put_counts(tx, row.room, counts)?;
    Ok(Some(row))
}

/// The caller's open invitations, newest first. Those that have run out are left out, so a page may be short of its limit.
pub fn list_invites(core: &Core, caller: &Caller, ask: Ask<InviteId>) -> Result<Page<InviteView, InviteId>> {
    let account = caller.require_account()?;
    let now = core.now();
    core.read(|view| {
        let after = ask.after.map(|id| (account, id));
        let keys = INVITES_BY_ACCOUNT.keys(view, &account, after.as_ref(), Order::Descending, ask.items() + 1)?;
        let page = Page::of(keys, ask.items(), |(_, id)| *id);
        let mut items = Vec::with_capacity(page.items.len());
        for (_, id) in page.items {
            let Some(row) = open(view, now, id)? else { continue };
            // The room may be on its way out; its invitations go with it.
            let Ok(room) = members::room_row(view, row.room) else { continue };
            items.push(row.view(id, room.title));
        }
        Ok(Page { items, next: page.next })
    })
}

fn open(r: &impl Read, now: Stamp, id: InviteId) -> Result<Option<InviteRow>> {
    Ok(INVITE_BY_ID.get(r, &id)?.filter(|row| now < row.expires_at))
}

/// Answers an invitation of the caller; it is used up either way. Fails with `NotFound(Invite)` when it has run out, was
/// answered or is somebody else's, on acceptance also when the inviter could not invite any more, with `Refused(Banned)` or `Exists(Member)`.
pub fn answer_invite(core: &Core, caller: &Caller, id: InviteId, answer: Answer) -> Result<RoomId> {
    let account = caller.require_account()?;
    let (settings, now) = (core.settings(), core.now());
    core.write(caller, move |tx| settle(tx, &settings, now, (id, account), answer))
}

/// As [`answer_invite`], for protocols that name an invitation by the room and its inviter. Whoever is banned there hears
/// `Refused(Banned)` to any answer and whether or not he was invited.
pub fn answer_invite_of(
    core: &Core,
    caller: &Caller,
    room: RoomId,
    inviter: AccountId,
    answer: Answer,
) -> Result<RoomId> {
    let account = caller.require_account()?;
    let (settings, now) = (core.settings(), core.now());
    core.write(caller, move |tx| {
        require_not_banned(tx, now, room, account)?;
        let id = INVITE_BY_PEOPLE.get(tx, &(room, account, inviter))?.ok_or(Error::NotFound(Thing::Invite))?;
        settle(tx, &settings, now, (id, account), answer)
    })
}

fn settle(
    tx: &mut Tx<'_>,
    settings: &Settings,
    now: Stamp,
    invite: (InviteId, AccountId),
    answer: Answer,
) -> Result<RoomId> {
    let (id, account) = invite;
    let row = open(tx, now, id)?.filter(|row| row.invitee == account);
    let InviteRow { room, inviter, .. } = row.ok_or(Error::NotFound(Thing::Invite))?;
    let found = members::room_row(tx, room).map_err(|_| Error::NotFound(Thing::Invite))?;
    let accepted = answer == Answer::Accept;
    if accepted {
        require_not_banned(tx, now, room, account)?;
        if members::find(tx, room, account)?.is_some() {
            return Err(Error::Exists(Thing::Member));
        }
        if !may_still_invite(tx, settings, (room, &found), inviter)? {
            return Err(Error::NotFound(Thing::Invite));
        }
    }
    remove(tx, id)?;
    if accepted {
        members::add_telling(tx, settings, now, room, (account, found.default_role, Some(inviter)))?;
        drop_others(tx, room, account)?;
    }
    let what = What::InviteAnswered { room, inviter, invitee: account, accepted };
    let audience = Audience::room(room).and_account(inviter).and_account(account);
    let key = if accepted { keys::of_joiner(tx, &found, account)? } else { None };
    event_log::record_with(tx, now, audience, what, key.map(Enclosure::bytes))?;
    Ok(room)
}

/// Who is in needs no further invitations of other members.
fn drop_others(tx: &mut Tx<'_>, room: RoomId, account: AccountId) -> Result<()> {
    for (_, id) in INVITE_BY_PEOPLE.list(tx, &(room, account), None, Order::Ascending, SEARCH_ROWS_MAX)? {
        remove(tx, id)?;
    }
    Ok(())
}

/// Removes invitations that have run out, in bounded commands; safe to repeat. Says how many.
pub fn expire_invites(core: &Core) -> Result<usize> {
    let mut removed = 0;
    loop {
        let now = core.now();
        let some = core.write(&Caller::system(), move |tx| {
            let lapsed = due(tx, &INVITES_BY_EXPIRY, now, ROOM_BATCH_ROWS)?;
            for (_, id) in &lapsed {
                remove(tx, *id)?;
            }
            Ok(lapsed.len())
        })?;
        removed += some;
        if some < ROOM_BATCH_ROWS {
            return Ok(removed);
        }
    }
}

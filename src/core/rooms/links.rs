//! Links: whoever has one may come in, until it runs out or is used up. Uses are counted in the transaction that lets
//! somebody in, so a link for three lets exactly three in, however many knock at once. The key that finds a link is a keyed
//! hash of its token; the token itself is kept so that those who may invite can copy the link again.

use chatelaine_store::{Order, Read};

use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Thing};
use crate::friends::is_blocked;
use crate::ids::{AccountId, LinkId, RoleId, RoomId};
use crate::limits::{LINK_LIFE_MAX_S, ROOM_LINKS_MAX};
use crate::page::{Ask, Done, Page};
use crate::roles::Permission;
use crate::rooms::invites::{may_still_invite, require_may_invite};
use crate::rooms::room::{LinkHash, LinkRow};
use crate::rooms::views::{LinkView, RoomView};
use crate::rooms::{members, mine, require_not_banned};
use crate::schema::{LINK_BY_ID, LINK_BY_TOKEN, LINKS, LINKS_BY_ROOM};
use crate::secrets::random_token;
use crate::settings::Settings;
use crate::{Core, Tx};

/// A link to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NewLink {
    /// After how many seconds it runs out; never when not given.
    pub expires_s: Option<u64>,
    /// How often it can be used; always when not given.
    pub uses: Option<u32>,
}

/// What somebody with a link sees before he goes in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkPreview {
    /// Where it leads.
    pub room: RoomView,
    /// Who made it.
    pub inviter: AccountId,
    /// Whether the caller is in already.
    pub member: bool,
}

/// Makes a link into a group. Fails with `Denied` where only those who look after the room may invite, with
/// `Invalid(Duration | Uses, Range)`, `Refused(RoomKind)` or `OverLimit(Links)`.
pub fn make_link(core: &Core, caller: &Caller, room: RoomId, new: NewLink) -> Result<LinkView> {
    if new.expires_s.is_some_and(|s| s == 0 || s > LINK_LIFE_MAX_S) {
        return Err(Error::Invalid(Field::Duration, Flaw::Range));
    }
    if new.uses == Some(0) {
        return Err(Error::Invalid(Field::Uses, Flaw::Range));
    }
    let token = random_token();
    let hash = core.keys().token_hash(token.reveal());
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    core.write(caller, move |tx| {
        let standing = members::require(tx, &settings, &who, room)?;
        require_may_invite(&standing)?;
        let mut counts = members::counts(tx, room)?;
        if counts.links >= ROOM_LINKS_MAX {
            return Err(Error::OverLimit(Limit::Links));
        }
        counts.links += 1;
        members::put_counts(tx, room, counts)?;
        let id = LinkId::new(tx.count_up(&LINKS)?);
        let row = LinkRow {
            room,
            token: token.reveal().clone(),
            by: standing.account,
            at: now,
            expires_at: new.expires_s.map(|s| now.plus_seconds(s)),
            uses: new.uses,
            used: 0,
        };
        LINK_BY_ID.put(tx, &id, &row)?;
        LINK_BY_TOKEN.put(tx, &hash, &id)?;
        LINKS_BY_ROOM.put(tx, &(room, id), &LinkHash(hash))?;
        Ok(row.view(id))
    })
}

/// The links of a room, newest first, also those that are used up. For whoever may make one.
pub fn list_links(core: &Core, caller: &Caller, room: RoomId, ask: Ask<LinkId>) -> Result<Page<LinkView, LinkId>> {
    let settings = core.settings();
    core.read(|view| {
        let standing = members::require(view, &settings, caller, room)?;
        require_may_invite(&standing)?;
        let after = ask.after.map(|id| (room, id));
        let keys = LINKS_BY_ROOM.keys(view, &room, after.as_ref(), Order::Descending, ask.items() + 1)?;
        let page = Page::of(keys, ask.items(), |(_, id)| *id);
        let mut items = Vec::with_capacity(page.items.len());
        for (_, id) in page.items {
            items.extend(LINK_BY_ID.get(view, &id)?.map(|row| row.view(id)));
        }
        Ok(Page { items, next: page.next })
    })
}

/// Removes a link: its maker may, and who answers requests to join. Fails with `NotFound(Link)` or `Denied`.
pub fn remove_link(core: &Core, caller: &Caller, room: RoomId, link: LinkId) -> Result<()> {
    let (settings, who) = (core.settings(), caller.clone());
    core.write(caller, move |tx| {
        let standing = members::require(tx, &settings, &who, room)?;
        let row = LINK_BY_ID.get(tx, &link)?.filter(|row| row.room == room).ok_or(Error::NotFound(Thing::Link))?;
        if row.by != standing.account && !standing.permissions.has(Permission::AcceptJoin) {
            return Err(Permission::AcceptJoin.denied());
        }
        remove(tx, room, link)
    })
}

/// Takes all rows of a link away.
pub(crate) fn remove(tx: &mut Tx<'_>, room: RoomId, link: LinkId) -> Result<()> {
    let Some(LinkHash(hash)) = LINKS_BY_ROOM.get(tx, &(room, link))? else { return Ok(()) };
    LINKS_BY_ROOM.remove(tx, &(room, link))?;
    LINK_BY_TOKEN.remove(tx, &hash)?;
    LINK_BY_ID.remove(tx, &link)?;
    let mut counts = members::counts(tx, room)?;
    counts.links = counts.links.saturating_sub(1);
    members::put_counts(tx, room, counts)
}

/// Where a link leads. Fails with `NotFound(Link)` for a token that is unknown, has run out or is used up, or whose maker could
/// not invite any more; then nothing of the room is told.
pub fn preview_link(core: &Core, caller: &Caller, token: &str) -> Result<LinkPreview> {
    let account = caller.require_account()?;
    let (hash, settings, now) = (core.keys().token_hash(token), core.settings(), core.now());
    core.read(|view| {
        let (_, row, _) = usable(view, &settings, &hash, now)?;
        Ok(LinkPreview {
            room: mine::room_view(view, row.room)?,
            inviter: row.by,
            member: members::find(view, row.room, account)?.is_some(),
        })
    })
}

/// A link that still lets in, and the room's default role. It lapses with its maker's right to invite.
fn usable(r: &impl Read, settings: &Settings, hash: &[u8; 32], now: Stamp) -> Result<(LinkId, LinkRow, RoleId)> {
    let gone = Error::NotFound(Thing::Link);
    let id = LINK_BY_TOKEN.get(r, hash)?.ok_or(gone)?;
    let row = LINK_BY_ID.get(r, &id)?.filter(|row| row.is_usable(now)).ok_or(gone)?;
    let room = members::room_row(r, row.room).map_err(|_| gone)?;
    if !may_still_invite(r, settings, (row.room, &room), row.by)? {
        return Err(gone);
    }
    Ok((id, row, room.default_role))
}

/// Comes in by a link, whatever the room's join rule; who is in already uses nothing up.
/// Fails with `NotFound(Link)`, `Refused(Banned)`, `Refused(Blocked)` by the maker, or `OverLimit(Members | Rooms)`.
pub fn join_by_link(core: &Core, caller: &Caller, token: &str) -> Result<(RoomId, Done)> {
    let account = caller.require_account()?;
    let hash = core.keys().token_hash(token);
    let (settings, now) = (core.settings(), core.now());
    core.write(caller, move |tx| {
        let (id, mut row, default_role) = usable(tx, &settings, &hash, now)?;
        if members::find(tx, row.room, account)?.is_some() {
            return Ok((row.room, Done::AlreadySo));
        }
        require_not_banned(tx, now, row.room, account)?;
        if is_blocked(tx, row.by, account)? {
            return Err(Error::Refused(Reason::Blocked));
        }
        row.used += 1;
        LINK_BY_ID.put(tx, &id, &row)?;
        members::add_telling(tx, &settings, now, row.room, (account, default_role, Some(row.by)))?;
        Ok((row.room, Done::Done))
    })
}

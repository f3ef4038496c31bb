//! Bans and mutes, of one account or of everybody, with or without an end. A ban puts its target out and keeps it out; a
//! mute keeps it from speaking. Both may be set on people who are not in. What has run out is ignored wherever it is read.

use chatelaine_store::{Order, Read, Tree};

use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::{Stamp, Until};
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Thing};
use crate::event::{Audience, What};
use crate::ids::{AccountId, RoleId, RoomId};
use crate::limits::{REASON_CHARS_MAX, RESTRICTION_LIFE_MAX_S, ROOM_BATCH_MEMBERS};
use crate::page::{Ask, Page};
use crate::roles::{self, Acting, BUILT_IN, Permission};
use crate::rooms::members::{self, Left};
use crate::rooms::room::{RestrictionRow, Whom};
use crate::rooms::views::Restriction;
use crate::rooms::{deleting, room};
use crate::schema::{BAN_BY_ROOM, MEMBERS_BY_ROLE, MUTE_BY_ROOM, ROLES_BY_ROOM};
use crate::settings::Settings;
use crate::{Core, Tx, event_log};

/// A ban or mute to be set.
#[derive(Clone, Debug)]
pub struct Restrict {
    /// In which room.
    pub room: RoomId,
    /// Whom it is about.
    pub whom: Whom,
    /// For how many seconds; without end when not given.
    pub for_s: Option<u64>,
    /// Why.
    pub reason: String,
}

type RestrictionTree = Tree<(RoomId, AccountId), RestrictionRow>;

/// A ban or mute of several to be set at once.
#[derive(Clone, Debug)]
pub struct RestrictEach {
    /// In which room.
    pub room: RoomId,
    /// Whom it is about; whoever is named twice counts once.
    pub whom: Vec<Whom>,
    /// For how many seconds; without end when not given.
    pub for_s: Option<u64>,
    /// Why.
    pub reason: String,
}

impl From<Restrict> for RestrictEach {
    fn from(one: Restrict) -> Self {
        RestrictEach { room: one.room, whom: vec![one.whom], for_s: one.for_s, reason: one.reason }
    }
}

/// Bans one account or everybody; see [`ban_each`].
pub fn ban(core: &Core, caller: &Caller, new: Restrict) -> Result<()> {
    ban_each(core, caller, new.into())
}

/// Bans accounts or everybody, in place of earlier bans, and puts them out: a ban of everybody spares holders of the
/// right to lift bans. All or none. Fails with `Denied` as [`members::kick`] does, with `Invalid(Duration, Range)` for no time
/// at all or more than a hundred years, `NotFound(Account)`, or `OverLimit(Members)` for too many at once.
pub fn ban_each(core: &Core, caller: &Caller, new: RestrictEach) -> Result<()> {
    let (room, everybody) = (new.room, new.whom.contains(&Whom::All));
    set(core, caller, (Permission::Ban, BAN_BY_ROOM), new)?;
    if everybody {
        // In bounded commands: who is put out first is told first, and the writer stays free for others between them.
        while put_batch_out(core, caller, room)? {}
    }
    Ok(())
}

/// Mutes one account or everybody; see [`mute_each`].
pub fn mute(core: &Core, caller: &Caller, new: Restrict) -> Result<()> {
    mute_each(core, caller, new.into())
}

/// Mutes accounts or everybody, also those who join later, in place of earlier mutes. Fails as [`ban_each`] does.
pub fn mute_each(core: &Core, caller: &Caller, new: RestrictEach) -> Result<()> {
    set(core, caller, (Permission::Mute, MUTE_BY_ROOM), new)
}

fn set(core: &Core, caller: &Caller, of: (Permission, RestrictionTree), new: RestrictEach) -> Result<()> {
    let (permission, tree) = of;
    let (settings, now, who, room) = (core.settings(), core.now(), caller.clone(), new.room);
    let left = core.write(caller, move |tx| {
        let acting = roles::require_here_or_everywhere(tx, &settings, &who, room, permission)?;
        members::require_group(&acting.row)?;
        require_bounds(&new)?;
        let row =
            RestrictionRow { until: Until::after(now, new.for_s), by: acting.by, reason: new.reason.clone(), at: now };
        let mut out = false;
        for (place, whom) in new.whom.iter().enumerate() {
            if new.whom.iter().take(place).any(|earlier| earlier == whom) {
                continue;
            }
            let member = target(tx, &settings, &acting, (room, *whom))?;
            out |= set_one(tx, (permission, &tree), &who, (room, *whom, member), &row)?;
        }
        if out { members::end_if_empty(tx, now, room) } else { Ok(Left::Left) }
    })?;
    deleting::finish(core, room, left).map(drop)
}

fn require_bounds(new: &RestrictEach) -> Result<()> {
    if new.for_s.is_some_and(|s| s == 0 || s > RESTRICTION_LIFE_MAX_S) {
        return Err(Error::Invalid(Field::Duration, Flaw::Range));
    }
    if new.reason.chars().count() > REASON_CHARS_MAX {
        return Err(Error::Invalid(Field::ReasonText, Flaw::TooLong));
    }
    require_few(&new.whom)
}

fn require_few(whom: &[Whom]) -> Result<()> {
    if whom.len() > ROOM_BATCH_MEMBERS {
        return Err(Error::OverLimit(Limit::Members));
    }
    Ok(())
}

/// Sets one ban or mute; says whether it put somebody out.
fn set_one(
    tx: &mut Tx<'_>,
    of: (Permission, &RestrictionTree),
    who: &Caller,
    on: (RoomId, Whom, Option<room::MemberRow>),
    row: &RestrictionRow,
) -> Result<bool> {
    let ((permission, tree), (room, whom, member)) = (of, on);
    let out = member.filter(|_| permission == Permission::Ban);
    let before = restriction(tx, tree, row.at, (room, whom))?;
    let same = before.is_some_and(|before| RestrictionRow { at: before.at, ..row.clone() } == before);
    if same && out.is_none() {
        // Nothing changed, so nobody is told again.
        return Ok(false);
    }
    tree.put(tx, &(room, whom.key()), row)?;
    tell_set(tx, row.at, permission, (room, whom, row))?;
    let verb = if permission == Permission::Ban { Verb::MemberBanned } else { Verb::MemberMuted };
    note(tx, row.at, who, verb, (room, whom))?;
    match (whom, &out) {
        (Whom::One(account), Some(member)) => members::take_out(tx, row.at, room, account, member).map(|_| true),
        _ => Ok(false),
    }
}

/// The member it is about, if it is about one. Fails with `NotFound(Account)`, or with `Denied` for somebody above the caller.
fn target(r: &impl Read, settings: &Settings, acting: &Acting, on: (RoomId, Whom)) -> Result<Option<room::MemberRow>> {
    let (room, Whom::One(account)) = on else { return Ok(None) };
    crate::accounts::get(r, account)?;
    let member = members::find(r, room, account)?;
    if let Some(member) = &member {
        members::require_above(r, settings, acting, room, member)?;
    }
    Ok(member)
}

/// The event goes out before the target's rows do, and stays readable for him: the event of a ban takes his connections out.
fn tell_set(tx: &mut Tx<'_>, now: Stamp, permission: Permission, set: (RoomId, Whom, &RestrictionRow)) -> Result<()> {
    let (room, whom, row) = set;
    let (account, by, until) = (account_of(whom), row.by, row.until);
    let what = match permission {
        Permission::Ban => What::MemberBanned { room, account, by, until },
        _ => What::MemberMuted { room, account, by, until },
    };
    let audience = audience(tx, room, whom)?;
    event_log::record(tx, now, audience, what)?;
    Ok(())
}

fn account_of(whom: Whom) -> Option<AccountId> {
    match whom {
        Whom::One(account) => Some(account),
        Whom::All => None,
    }
}

/// The room, and the target if it is in: nobody reaches a stranger by restricting him.
fn audience(r: &impl Read, room: RoomId, whom: Whom) -> Result<Audience> {
    let all = Audience::room(room);
    Ok(match whom {
        Whom::One(account) if members::find(r, room, account)?.is_some() => all.and_account(account),
        Whom::One(_) | Whom::All => all,
    })
}

/// Puts some of those out whom a ban of everybody hits; says whether there may be more.
fn put_batch_out(core: &Core, caller: &Caller, room: RoomId) -> Result<bool> {
    let (settings, now, by) = (core.settings(), core.now(), caller.account_id());
    core.write(caller, move |tx| {
        // The ban may have been lifted, or the room deleted, since the last batch.
        if restriction(tx, &BAN_BY_ROOM, now, (room, Whom::All))?.is_none() {
            return Ok(false);
        }
        let mut out = Vec::new();
        for role in roles_of(tx, room)? {
            if !roles::held(tx, &settings, room, role)?.has(Permission::Unban) {
                let wanted = ROOM_BATCH_MEMBERS - out.len();
                out.extend(MEMBERS_BY_ROLE.keys(tx, &(room, role), None, Order::Ascending, wanted)?);
            }
        }
        for (_, _, account) in &out {
            let Some(member) = members::find(tx, room, *account)? else { continue };
            members::put_out(tx, now, room, (*account, &member), What::MemberKicked { room, account: *account, by })?;
        }
        if !out.is_empty() {
            members::end_if_empty(tx, now, room)?;
        }
        Ok(out.len() == ROOM_BATCH_MEMBERS)
    })
}

fn roles_of(r: &impl Read, room: RoomId) -> Result<Vec<RoleId>> {
    let own = ROLES_BY_ROOM.keys(r, &room, None, Order::Ascending, crate::limits::ROOM_OWN_ROLES_MAX)?;
    Ok(BUILT_IN.into_iter().chain(own.into_iter().map(|(_, role)| role)).collect())
}

/// Lifts a ban; see [`unban_each`].
pub fn unban(core: &Core, caller: &Caller, room: RoomId, whom: Whom) -> Result<()> {
    unban_each(core, caller, room, vec![whom])
}

/// Lifts bans one after the other, up to the first that does not hold: fails with `NotFound(Ban)` there, and those before it
/// are lifted. Lifting the ban of everybody leaves bans of single people.
pub fn unban_each(core: &Core, caller: &Caller, room: RoomId, whom: Vec<Whom>) -> Result<()> {
    lift(core, caller, (Permission::Unban, BAN_BY_ROOM, Thing::Ban), (room, whom))
}

/// Lifts a mute; see [`unmute_each`].
pub fn unmute(core: &Core, caller: &Caller, room: RoomId, whom: Whom) -> Result<()> {
    unmute_each(core, caller, room, vec![whom])
}

/// Lifts mutes one after the other, up to the first that does not hold: fails with `NotFound(Mute)` there, and those before
/// it are lifted. Lifting the mute of everybody leaves mutes of single people.
pub fn unmute_each(core: &Core, caller: &Caller, room: RoomId, whom: Vec<Whom>) -> Result<()> {
    lift(core, caller, (Permission::Unmute, MUTE_BY_ROOM, Thing::Mute), (room, whom))
}

fn lift(
    core: &Core,
    caller: &Caller,
    of: (Permission, RestrictionTree, Thing),
    place: (RoomId, Vec<Whom>),
) -> Result<()> {
    let ((permission, tree, thing), (room, whom)) = (of, place);
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    let missing = core.write(caller, move |tx| {
        let acting = roles::require_here_or_everywhere(tx, &settings, &who, room, permission)?;
        require_few(&whom)?;
        for whom in &whom {
            if restriction(tx, &tree, now, (room, *whom))?.is_none() {
                return Ok(Some(Error::NotFound(thing)));
            }
            tree.remove(tx, &(room, whom.key()))?;
            tell_lifted(tx, now, permission, (room, *whom), acting.by)?;
            let verb = if permission == Permission::Unban { Verb::MemberUnbanned } else { Verb::MemberUnmuted };
            note(tx, now, &who, verb, (room, *whom))?;
        }
        Ok(None)
    })?;
    missing.map_or(Ok(()), Err)
}

fn tell_lifted(
    tx: &mut Tx<'_>,
    now: Stamp,
    permission: Permission,
    place: (RoomId, Whom),
    by: Option<AccountId>,
) -> Result<()> {
    let (room, whom) = place;
    let account = account_of(whom);
    let what = match permission {
        Permission::Unban => What::MemberUnbanned { room, account, by },
        _ => What::MemberUnmuted { room, account, by },
    };
    let audience = audience(tx, room, whom)?;
    event_log::record(tx, now, audience, what)?;
    Ok(())
}

/// Bans that hold, that of everybody first. For holders of the rights to set or lift bans.
pub fn list_bans(
    core: &Core,
    caller: &Caller,
    room: RoomId,
    ask: Ask<AccountId>,
) -> Result<Page<Restriction, AccountId>> {
    list(core, caller, (Permission::Ban, Permission::Unban, BAN_BY_ROOM), (room, ask))
}

/// Mutes that hold, that of everybody first. For holders of the rights to set or lift mutes.
pub fn list_mutes(
    core: &Core,
    caller: &Caller,
    room: RoomId,
    ask: Ask<AccountId>,
) -> Result<Page<Restriction, AccountId>> {
    list(core, caller, (Permission::Mute, Permission::Unmute, MUTE_BY_ROOM), (room, ask))
}

fn list(
    core: &Core,
    caller: &Caller,
    of: (Permission, Permission, RestrictionTree),
    place: (RoomId, Ask<AccountId>),
) -> Result<Page<Restriction, AccountId>> {
    let ((set, lift, tree), (room, ask)) = (of, place);
    let (settings, now) = (core.settings(), core.now());
    core.read(|view| {
        let acting = roles::require_seen(view, &settings, caller, room)?;
        if !acting.permissions.has(set) && !acting.permissions.has(lift) {
            return Err(set.denied());
        }
        let after = ask.after.map(|account| (room, account));
        let rows = tree.list(view, &room, after.as_ref(), Order::Ascending, ask.items() + 1)?;
        let page = Page::of(rows, ask.items(), |((_, account), _)| *account);
        let held = page.items.into_iter().filter(|(_, row)| row.until.holds(now));
        let items = held.map(|((_, account), row)| row.view(Whom::from_key(account))).collect();
        Ok(Page { items, next: page.next })
    })
}

impl RestrictionRow {
    fn view(self, whom: Whom) -> Restriction {
        Restriction { whom, until: self.until, by: self.by, reason: self.reason, at: self.at }
    }
}

fn restriction(
    r: &impl Read,
    tree: &RestrictionTree,
    now: Stamp,
    place: (RoomId, Whom),
) -> Result<Option<RestrictionRow>> {
    Ok(tree.get(r, &(place.0, place.1.key()))?.filter(|row| row.until.holds(now)))
}

/// How long a mute of exactly this target holds.
pub(crate) fn mute_of(r: &impl Read, now: Stamp, room: RoomId, whom: Whom) -> Result<Option<Until>> {
    Ok(restriction(r, &MUTE_BY_ROOM, now, (room, whom))?.map(|row| row.until))
}

/// How long an account cannot speak, by a mute of its own or of everybody, whichever holds longer.
pub(crate) fn muted_until(r: &impl Read, now: Stamp, room: RoomId, account: AccountId) -> Result<Option<Until>> {
    let own = mute_of(r, now, room, Whom::One(account))?;
    let all = mute_of(r, now, room, Whom::All)?;
    Ok(match (own, all) {
        (Some(Until::At(one)), Some(Until::At(other))) => Some(Until::At(one.max(other))),
        (Some(Until::Forever), _) | (_, Some(Until::Forever)) => Some(Until::Forever),
        (one, other) => one.or(other),
    })
}

/// Fails with `Refused(Muted)` while a mute holds.
pub(crate) fn require_may_speak(r: &impl Read, now: Stamp, room: RoomId, account: AccountId) -> Result<()> {
    match muted_until(r, now, room, account)? {
        Some(_) => Err(Error::Refused(Reason::Muted)),
        None => Ok(()),
    }
}

/// Fails with `Refused(Banned)` while a ban of the account or of everybody holds.
pub(crate) fn require_not_banned(r: &impl Read, now: Stamp, room: RoomId, account: AccountId) -> Result<()> {
    for whom in [Whom::One(account), Whom::All] {
        if restriction(r, &BAN_BY_ROOM, now, (room, whom))?.is_some() {
            return Err(Error::Refused(Reason::Banned));
        }
    }
    Ok(())
}

fn note(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, verb: Verb, place: (RoomId, Whom)) -> Result<()> {
    let (room, whom) = place;
    let detail = match whom {
        Whom::One(account) => format!("account {account}"),
        Whom::All => "everybody".to_owned(),
    };
    audit::record(tx, now, caller, verb, &format!("room {room}"), &detail)
}

//! How rooms come to be: a group by whoever wants one, a private room by either of two people. There is one private room per
//! pair, found by a key made of both, so that two who write to each other at the same moment meet in the same room.

use chatelaine_store::{Newest, Read};

use crate::accounts::picture::{self, PictureKey, Shown};
use crate::accounts::{self, require_picture};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Result, Thing};
use crate::event::{Audience, What, joins};
use crate::figures::counts::{self, Counted};
use crate::friends::are_friends;
use crate::ids::{AccountId, FileId, Offset, RoleId, RoomId};
use crate::limits::{INVITE_LIFE_S, ROOM_FIRST_MEMBERS_MAX};
use crate::page::Done;
use crate::roles::{MEMBER, OWNER};
use crate::rooms::invites::NewInvite;
use crate::rooms::mine::my_room;
use crate::rooms::people::require_reachable;
use crate::rooms::room::{
    JoinRule, LogRow, RoomKind, RoomOptions, RoomRow, checked_description, checked_note, checked_title,
};
use crate::rooms::views::MyRoom;
use crate::rooms::{invites, members, require_not_banned};
use crate::schema::{
    DYING_ROOM_BY_ID, LISTED_ROOMS, LOG_BY_ROOM, PICTURE_KEY_BY_ROOM, PRIVATE_ROOM_BY_PAIR, ROOM_BY_ID, ROOMS,
};
use crate::settings::Settings;
use crate::{Core, Tx, event_log};

/// A default room of a greater number is not made: the rooms after it count on from there.
const DEFAULT_ROOM_END: RoomId = RoomId::new(1 << 52);

/// A group to be opened.
#[derive(Clone, Debug)]
pub struct NewGroup {
    /// What it is called; may be empty.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Its picture.
    pub avatar: Option<FileId>,
    /// Its picture by the key of a protocol. Comes before `avatar`.
    pub picture: Option<PictureKey>,
    /// How one gets in.
    pub join_rule: JoinRule,
    /// What plain members may do.
    pub options: RoomOptions,
    /// Whether end-to-end encrypted texts may be sent.
    pub encrypted: bool,
    /// Who is to be in from the start.
    pub members: Vec<AccountId>,
    /// What is said to those who are invited.
    pub note: String,
    /// For how many seconds they can answer.
    pub invites_for_s: u64,
}

impl NewGroup {
    /// A group of which nothing is given but its title: by invitation, with the usual rules, empty but for its owner.
    pub fn titled(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            description: String::new(),
            avatar: None,
            picture: None,
            join_rule: JoinRule::Invite,
            options: RoomOptions::default(),
            encrypted: false,
            members: Vec::new(),
            note: String::new(),
            invites_for_s: INVITE_LIFE_S,
        }
    }
}

/// A group that was opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The group, as its owner sees it.
    pub room: MyRoom,
    /// Who could be neither taken in nor invited, and why: no such account, a closed one, or blocked.
    pub failed: Vec<(AccountId, Error)>,
}

/// Opens a group with the caller as its owner. Friends of the caller are in at once, others get an invitation.
/// Fails with `Invalid(Title | Description | Note, ..)`, `OverLimit(Members | Rooms)`, or `NotFound(File)` for a picture that
/// is none of the caller's own.
pub fn open_group(core: &Core, caller: &Caller, new: NewGroup) -> Result<Opened> {
    let owner = caller.require_account()?;
    let (settings, now) = (core.settings(), core.now());
    let row = RoomRow {
        kind: RoomKind::Group,
        pair: None,
        title: checked_title(&new.title)?,
        description: checked_description(new.description)?,
        avatar: new.avatar,
        join_rule: new.join_rule,
        encrypted: new.encrypted,
        options: new.options,
        default_role: MEMBER,
        created_by: owner,
        created_at: now,
        updated_at: now,
    };
    let note = checked_note(new.note, Field::Note)?;
    let (others, for_s, picture) = (others(new.members, owner)?, new.invites_for_s, new.picture);
    core.write(caller, move |tx| {
        let shown = first_picture(tx, owner, (&picture, row.avatar))?;
        let row = RoomRow { avatar: shown.file, ..row.clone() };
        let (room, failed) = build(tx, &settings, now, (&row, &others, &note, for_s))?;
        picture::keep_key(tx, &PICTURE_KEY_BY_ROOM, &room, shown.key.as_ref())?;
        Ok(Opened { room: my_room(tx, &settings, now, owner, room)?, failed })
    })
}

fn first_picture(tx: &mut Tx<'_>, owner: AccountId, of: (&Option<PictureKey>, Option<FileId>)) -> Result<Shown> {
    match of {
        (Some(picture), _) => picture::show(tx, owner, None, picture),
        (None, file) => {
            if let Some(picture) = file {
                require_picture(tx, owner, picture)?;
            }
            Ok(Shown { file, key: None })
        }
    }
}

fn others(mut members: Vec<AccountId>, owner: AccountId) -> Result<Vec<AccountId>> {
    members.retain(|account| *account != owner);
    members.sort_unstable();
    members.dedup();
    if members.len() > ROOM_FIRST_MEMBERS_MAX {
        return Err(Error::OverLimit(Limit::Members));
    }
    Ok(members)
}

fn build(
    tx: &mut Tx<'_>,
    settings: &Settings,
    now: Stamp,
    of: (&RoomRow, &[AccountId], &str, u64),
) -> Result<(RoomId, Vec<(AccountId, Error)>)> {
    let (row, others, note, for_s) = of;
    let owner = row.created_by;
    let room = put_room(tx, now, row)?;
    members::add(tx, settings, now, room, (owner, OWNER))?;
    let (mut first, mut invited, mut failed) = (vec![owner], Vec::new(), Vec::new());
    for account in others.iter().copied() {
        if let Some(obstacle) = obstacle(tx, owner, account)? {
            failed.push((account, obstacle));
        } else if are_friends(tx, owner, account)? {
            members::add(tx, settings, now, room, (account, row.default_role))?;
            first.push(account);
        } else {
            invited.push(account);
        }
    }
    let moves = first.into_iter().map(|account| joins(account, room)).collect();
    event_log::record_moving(tx, now, Audience::room(room), What::RoomOpened { room }, moves)?;
    for account in invited {
        let new = NewInvite { room, invitee: account, note: note.to_owned(), for_s };
        invites::put(tx, now, owner, new)?;
    }
    Ok((room, failed))
}

/// What keeps somebody out: no such account, a closed one, or a block between the two.
fn obstacle(r: &impl Read, from: AccountId, to: AccountId) -> Result<Option<Error>> {
    match require_reachable(r, from, to) {
        Ok(()) => Ok(None),
        Err(refusal @ (Error::NotFound(_) | Error::Refused(_))) => Ok(Some(refusal)),
        Err(other) => Err(other),
    }
}

fn put_room(tx: &mut Tx<'_>, now: Stamp, row: &RoomRow) -> Result<RoomId> {
    let room = RoomId::parse(tx.count_up(&ROOMS)?).map_err(|_| Error::OverLimit(Limit::Rooms))?;
    put_rows(tx, now, room, row)?;
    Ok(room)
}

fn put_rows(tx: &mut Tx<'_>, now: Stamp, room: RoomId, row: &RoomRow) -> Result<()> {
    counts::up(tx, Counted::Rooms)?;
    ROOM_BY_ID.put(tx, &room, row)?;
    LOG_BY_ROOM.put(tx, &room, &LogRow { last_offset: Offset::START, last_at: now })?;
    if row.options.listed {
        LISTED_ROOMS.put(tx, &Newest(room), &accounts::fold(&row.title))?;
    }
    Ok(())
}

/// Brings an account into the room that the operator chose for everybody, as a plain member. A room of that number that is
/// missing comes to be: nameless, unencrypted, without an owner. Fails with `Refused(Banned | RoomKind)`, `OverLimit(Members |
/// Rooms)`, or `Busy` while a room of that number is being deleted.
pub fn join_default(core: &Core, room: RoomId, account: AccountId) -> Result<Done> {
    let (settings, now) = (core.settings(), core.now());
    core.write(&Caller::system(), move |tx| {
        let row = match ROOM_BY_ID.get(tx, &room)? {
            Some(row) => row,
            None => put_default(tx, now, room, account)?,
        };
        members::require_group(&row)?;
        if members::find(tx, room, account)?.is_some() {
            return Ok(Done::AlreadySo);
        }
        require_not_banned(tx, now, room, account)?;
        members::add_telling(tx, &settings, now, room, (account, row.default_role, None))?;
        Ok(Done::Done)
    })
}

fn put_default(tx: &mut Tx<'_>, now: Stamp, room: RoomId, first: AccountId) -> Result<RoomRow> {
    if DYING_ROOM_BY_ID.has(tx, &room)? {
        return Err(Error::Busy);
    }
    if room > DEFAULT_ROOM_END {
        return Err(Error::OverLimit(Limit::Rooms));
    }
    let row = RoomRow {
        kind: RoomKind::Group,
        pair: None,
        title: String::new(),
        description: String::new(),
        avatar: None,
        join_rule: JoinRule::Request,
        encrypted: false,
        options: RoomOptions::default(),
        default_role: MEMBER,
        created_by: first,
        created_at: now,
        updated_at: now,
    };
    tx.count_past(&ROOMS, room.get())?;
    put_rows(tx, now, room, &row)?;
    event_log::record(tx, now, Audience::room(room), What::RoomOpened { room })?;
    Ok(row)
}

/// Opens the private room of the caller and somebody else, or finds it. Whoever of the two had left it is in again.
/// Fails with `Invalid(Account, Oneself)`, `NotFound(Account)`, `Refused(Blocked)` or `Refused(AccountClosed)`.
pub fn open_private(core: &Core, caller: &Caller, with: AccountId) -> Result<(MyRoom, Done)> {
    let account = caller.require_account()?;
    let (settings, now) = (core.settings(), core.now());
    core.write(caller, move |tx| {
        let (room, done) = ensure_private(tx, &settings, now, (account, with))?;
        Ok((my_room(tx, &settings, now, account, room)?, done))
    })
}

/// The private room of two people, opened or completed if need be; also for friendships that begin.
pub fn ensure_private(
    tx: &mut Tx<'_>,
    settings: &Settings,
    now: Stamp,
    people: (AccountId, AccountId),
) -> Result<(RoomId, Done)> {
    let (by, with) = people;
    if by == with {
        return Err(Error::Invalid(Field::Account, Flaw::Oneself));
    }
    let pair = (by.min(with), by.max(with));
    if let Some(room) = PRIVATE_ROOM_BY_PAIR.get(tx, &pair)? {
        return complete(tx, settings, now, (room, by, with));
    }
    require_reachable(tx, by, with)?;
    let row = RoomRow {
        kind: RoomKind::Private,
        pair: Some(pair),
        title: String::new(),
        description: String::new(),
        avatar: None,
        join_rule: JoinRule::Invite,
        encrypted: false,
        options: RoomOptions::default(),
        default_role: OWNER,
        created_by: by,
        created_at: now,
        updated_at: now,
    };
    let room = put_room(tx, now, &row)?;
    PRIVATE_ROOM_BY_PAIR.put(tx, &pair, &room)?;
    for account in [by, with] {
        members::add(tx, settings, now, room, (account, OWNER))?;
    }
    let moves = vec![joins(by, room), joins(with, room)];
    event_log::record_moving(tx, now, Audience::room(room), What::RoomOpened { room }, moves)?;
    Ok((room, Done::Done))
}

/// An old private room whose two may have left it. Looking at it needs no consent; bringing the other one back does.
fn complete(
    tx: &mut Tx<'_>,
    settings: &Settings,
    now: Stamp,
    of: (RoomId, AccountId, AccountId),
) -> Result<(RoomId, Done)> {
    let (room, by, with) = of;
    let role: RoleId = members::room_row(tx, room)?.default_role;
    let mut done = Done::AlreadySo;
    for account in [by, with] {
        if members::find(tx, room, account)?.is_some() {
            continue;
        }
        match require_reachable(tx, by, with) {
            Err(Error::Refused(_) | Error::NotFound(Thing::Account)) if account == with => continue,
            reachable => reachable?,
        }
        members::add_telling(tx, settings, now, room, (account, role, Some(by)))?;
        done = Done::Done;
    }
    Ok((room, done))
}

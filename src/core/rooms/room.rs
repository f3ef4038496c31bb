//! What a room is: its own row, its hot counters, its members, its bans and mutes, and the checks of its texts.
//!
//! Invariants: a room with members has exactly one `RoomRow`, one `LogRow` and one `CountRow`; `last_offset` and
//! `read_offset` never fall; the counters equal the rows they count. Counters live apart from the room row because they change
//! with every message or join, and a small hot row costs the store less than a long one.

use chatelaine_store::Row;
use serde::{Deserialize, Serialize};

use crate::clock::{Stamp, Until};
use crate::error::{Error, Field, Flaw, Result};
use crate::ids::{AccountId, FileId, InviteId, LinkId, Offset, RoleId, RoomId};
use crate::limits::{NOTE_CHARS_MAX, ROOM_DESCRIPTION_CHARS_MAX, ROOM_TITLE_CHARS_MAX};
use crate::messages::MessageView;
use crate::roles::Permissions;

/// How many people a room is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RoomKind {
    /// Two people; there is one per pair.
    Private,
    /// Any number.
    Group,
}

/// How somebody gets into a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum JoinRule {
    /// Whoever asks is in.
    Open,
    /// A holder of the right to accept answers each request.
    Request,
    /// By invitation or link only.
    Invite,
}

/// What plain members may do, and who finds the room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomOptions {
    /// Members who do not look after the room may send messages.
    pub members_may_send: bool,
    /// They may see the list of members.
    pub members_may_list: bool,
    /// They may invite people and make links.
    pub members_may_invite: bool,
    /// A search finds the room.
    pub listed: bool,
}

impl Default for RoomOptions {
    fn default() -> Self {
        RoomOptions { members_may_send: true, members_may_list: true, members_may_invite: true, listed: false }
    }
}

/// The stored room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomRow {
    /// Private or group.
    pub kind: RoomKind,
    /// The two of a private room, the smaller number first; also while one of them has left.
    pub pair: Option<(AccountId, AccountId)>,
    /// What it is called; empty for private rooms.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Its picture.
    pub avatar: Option<FileId>,
    /// How one gets in.
    pub join_rule: JoinRule,
    /// Whether clients may send end-to-end encrypted texts.
    pub encrypted: bool,
    /// What plain members may do.
    pub options: RoomOptions,
    /// What whoever joins becomes.
    pub default_role: RoleId,
    /// Who opened it.
    pub created_by: AccountId,
    /// When it was opened.
    pub created_at: Stamp,
    /// When a value of this row last changed.
    pub updated_at: Stamp,
}

impl Row for RoomRow {}

/// Where a room's log stands. Written with every message, so nothing else may move in here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogRow {
    /// The place of the newest message, 0 before the first.
    pub last_offset: Offset,
    /// When the newest message came, or the room was opened: by this the list of rooms is ordered.
    pub last_at: Stamp,
}

impl Row for LogRow {}

/// How many of each a room has, so that limits need no counting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CountRow {
    /// Members.
    pub members: u32,
    /// Roles of its own.
    pub roles: u32,
    /// Links into it.
    pub links: u32,
    /// Requests to join that wait.
    pub requests: u32,
    /// Open invitations of people.
    pub invites: u32,
}

impl Row for CountRow {}

/// About which messages a member wants to be told outside the open room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Notify {
    /// About each.
    All,
    /// About those that mention him.
    Mentions,
    /// About none.
    None,
}

/// The stored membership of one account in one room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MemberRow {
    /// The one role he has here.
    pub role: RoleId,
    /// Since when.
    pub joined_at: Stamp,
    /// What he wants to be told about.
    pub notify: Notify,
    /// Up to where he has read; never moves back.
    pub read_offset: Offset,
    /// Up to where a client of his has received; never below what he has read.
    pub delivered_offset: Offset,
    /// The newest message that mentions him, 0 for none. He is marked as mentioned while it is unread.
    pub mentioned_offset: Offset,
}

impl Row for MemberRow {}

impl MemberRow {
    /// A member who joins now: what was said before is not unread.
    pub fn joining(role: RoleId, now: Stamp, last_offset: Offset) -> Self {
        MemberRow {
            role,
            joined_at: now,
            notify: Notify::All,
            read_offset: last_offset,
            delivered_offset: last_offset,
            mentioned_offset: Offset::START,
        }
    }

    /// How many messages he has not read.
    pub fn unread(&self, log: &LogRow) -> u64 {
        log.last_offset.get().saturating_sub(self.read_offset.get())
    }

    /// Whether a message that mentions him is unread.
    pub fn is_mentioned(&self) -> bool {
        self.mentioned_offset > self.read_offset
    }
}

/// Whom a ban or mute is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whom {
    /// One account, member or not.
    One(AccountId),
    /// Everybody, whoever joins later included.
    All,
}

/// The place of "everybody" in the keys of bans and mutes; no account has this number.
const EVERYBODY: AccountId = AccountId::new(0);

impl Whom {
    /// The account number that stands for it in keys.
    pub const fn key(self) -> AccountId {
        match self {
            Whom::One(account) => account,
            Whom::All => EVERYBODY,
        }
    }

    /// Whom that key is about.
    pub fn from_key(key: AccountId) -> Self {
        if key == EVERYBODY { Whom::All } else { Whom::One(key) }
    }
}

/// A stored ban or mute.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RestrictionRow {
    /// How long it holds.
    pub until: Until,
    /// Who set it; none when the server's operator did.
    pub by: Option<AccountId>,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Stamp,
}

impl Row for RestrictionRow {}

/// A stored invitation of a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InviteRow {
    /// Into which room.
    pub room: RoomId,
    /// By whom.
    pub inviter: AccountId,
    /// Whom.
    pub invitee: AccountId,
    /// What the inviter says to it.
    pub note: String,
    /// Since when.
    pub at: Stamp,
    /// Up to, not including, when it can be answered.
    pub expires_at: Stamp,
}

impl Row for InviteRow {}

/// A stored link by which a room can be joined.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRow {
    /// Into which room.
    pub room: RoomId,
    /// What stands in the link. Kept readable so that its makers can copy it again; the key that finds it is a hash.
    pub token: String,
    /// Who made it.
    pub by: AccountId,
    /// When.
    pub at: Stamp,
    /// Up to, not including, when it can be used.
    pub expires_at: Option<Stamp>,
    /// How often it can be used at most.
    pub uses: Option<u32>,
    /// How often it was used.
    pub used: u32,
}

impl Row for LinkRow {}

impl LinkRow {
    /// Whether one more person may come in by it.
    pub fn is_usable(&self, now: Stamp) -> bool {
        self.expires_at.is_none_or(|end| now < end) && self.uses.is_none_or(|uses| self.used < uses)
    }
}

/// The keyed hash by which a link is found, kept beside its room so that both rows go together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkHash(pub [u8; 32]);

impl Row for LinkHash {}

/// A stored request to join.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RequestRow {
    /// What the applicant says to it.
    pub note: String,
    /// Since when.
    pub at: Stamp,
}

impl Row for RequestRow {}

/// A room as it is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomView {
    /// Its number.
    pub id: RoomId,
    /// Private or group.
    pub kind: RoomKind,
    /// What it is called.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Its picture.
    pub avatar: Option<FileId>,
    /// How one gets in.
    pub join_rule: JoinRule,
    /// Whether end-to-end encrypted texts may be sent.
    pub encrypted: bool,
    /// What plain members may do.
    pub options: RoomOptions,
    /// How many members it has.
    pub members_count: u32,
    /// The place of its newest message.
    pub last_offset: Offset,
    /// What whoever joins becomes.
    pub default_role: RoleId,
    /// Who opened it.
    pub created_by: AccountId,
    /// When.
    pub created_at: Stamp,
    /// When it last changed.
    pub updated_at: Stamp,
}

impl RoomRow {
    /// The other one of a private room, also while he has left it.
    pub fn peer_of(&self, account: AccountId) -> Option<AccountId> {
        self.pair.map(|(one, other)| if one == account { other } else { one })
    }

    /// The room as it is read.
    pub fn view(self, id: RoomId, log: LogRow, count: CountRow) -> RoomView {
        RoomView {
            id,
            kind: self.kind,
            title: self.title,
            description: self.description,
            avatar: self.avatar,
            join_rule: self.join_rule,
            encrypted: self.encrypted,
            options: self.options,
            members_count: count.members,
            last_offset: log.last_offset,
            default_role: self.default_role,
            created_by: self.created_by,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// What the caller is in a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// His role.
    pub role: RoleId,
    /// What it allows him at present.
    pub permissions: Permissions,
    /// Since when he is in.
    pub joined_at: Stamp,
    /// What he wants to be told about.
    pub notify: Notify,
    /// How long he cannot speak, by a mute of his own or of everybody.
    pub muted_until: Option<Until>,
    /// Up to where he has read.
    pub read_offset: Offset,
    /// Up to where a client of his has received.
    pub delivered_offset: Offset,
}

/// One of the caller's rooms, with all that a list of rooms shows.
#[derive(Clone, PartialEq, Debug)]
pub struct MyRoom {
    /// The room.
    pub room: RoomView,
    /// The caller's place in it.
    pub me: Place,
    /// How many messages he has not read.
    pub unread: u64,
    /// Whether one of them mentions him.
    pub mentioned: bool,
    /// The newest message.
    pub last_message: Option<MessageView>,
    /// The other one of a private room.
    pub peer: Option<AccountId>,
    /// When something was last said, or the room was opened.
    pub active_at: Stamp,
}

/// A member as others see him.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberView {
    /// Who.
    pub account: AccountId,
    /// His role.
    pub role: RoleId,
    /// What the role is called.
    pub role_name: String,
    /// Since when he is in.
    pub joined_at: Stamp,
    /// How long he cannot speak, by a mute of his own.
    pub muted_until: Option<Until>,
}

/// A ban or mute as it is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restriction {
    /// Whom it is about.
    pub whom: Whom,
    /// How long it holds.
    pub until: Until,
    /// Who set it.
    pub by: Option<AccountId>,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Stamp,
}

/// An invitation as it is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InviteView {
    /// Its number.
    pub id: InviteId,
    /// Into which room.
    pub room: RoomId,
    /// What the room is called.
    pub room_title: String,
    /// By whom.
    pub inviter: AccountId,
    /// Whom.
    pub invitee: AccountId,
    /// What the inviter says to it.
    pub note: String,
    /// Since when.
    pub at: Stamp,
    /// Up to, not including, when it can be answered.
    pub expires_at: Stamp,
}

impl InviteRow {
    /// The invitation as it is read.
    pub fn view(self, id: InviteId, room_title: String) -> InviteView {
        InviteView {
            id,
            room: self.room,
            room_title,
            inviter: self.inviter,
            invitee: self.invitee,
            note: self.note,
            at: self.at,
            expires_at: self.expires_at,
        }
    }
}

/// A link as its makers see it.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkView {
    /// Its number.
    pub id: LinkId,
    /// Into which room.
    pub room: RoomId,
    /// What stands in the link.
    pub token: String,
    /// Who made it.
    pub by: AccountId,
    /// When.
    pub at: Stamp,
    /// Up to, not including, when it can be used.
    pub expires_at: Option<Stamp>,
    /// How often it can be used at most.
    pub uses: Option<u32>,
    /// How often it was used.
    pub used: u32,
}

impl LinkRow {
    /// The link as its makers see it.
    pub fn view(self, id: LinkId) -> LinkView {
        LinkView {
            id,
            room: self.room,
            token: self.token,
            by: self.by,
            at: self.at,
            expires_at: self.expires_at,
            uses: self.uses,
            used: self.used,
        }
    }
}

/// A request to join as it is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestView {
    /// Into which room.
    pub room: RoomId,
    /// Who asks.
    pub account: AccountId,
    /// What he says to it.
    pub note: String,
    /// Since when.
    pub at: Stamp,
}

/// A trimmed title; empty is allowed, for some clients open nameless groups. Fails with `Invalid(Title, ..)`.
pub fn checked_title(title: &str) -> Result<String> {
    let title = title.trim();
    if title.chars().count() > ROOM_TITLE_CHARS_MAX {
        return Err(Error::Invalid(Field::Title, Flaw::TooLong));
    }
    if title.chars().any(char::is_control) {
        return Err(Error::Invalid(Field::Title, Flaw::Malformed));
    }
    Ok(title.to_owned())
}

/// A room's description. Fails with `Invalid(Description, TooLong)`.
pub fn checked_description(description: String) -> Result<String> {
    if description.chars().count() > ROOM_DESCRIPTION_CHARS_MAX {
        return Err(Error::Invalid(Field::Description, Flaw::TooLong));
    }
    Ok(description)
}

/// A note beside an invitation or request, or the reason of a ban. Fails with `Invalid(field, TooLong)`.
pub fn checked_note(note: String, field: Field) -> Result<String> {
    if note.chars().count() > NOTE_CHARS_MAX {
        return Err(Error::Invalid(field, Flaw::TooLong));
    }
    Ok(note)
}

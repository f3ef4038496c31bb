//! What a room is: its own row, its hot counters, its members, its bans and mutes, and the checks of its texts.
//! What is read of them has other shapes, in `views.rs`.
//!
//! Invariants: a room with members has exactly one `RoomRow`, one `LogRow` and one `CountRow`; `last_offset` and
//! `read_offset` never fall; the counters equal the rows they count. Counters live apart from the room row because they change
//! with every message or join, and a small hot row costs the store less than a long one.

use chatelaine_store::Row;
use serde::{Deserialize, Serialize};

use crate::clock::{Stamp, Until};
use crate::error::{Error, Field, Flaw, Reason, Result, Thing};
use crate::ids::{AccountId, FileId, Offset, RoleId, RoomId};
use crate::limits::{NOTE_CHARS_MAX, ROOM_DESCRIPTION_CHARS_MAX, ROOM_TITLE_CHARS_MAX};

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

impl RoomRow {
    /// Whether people who are not in it may know of it: it is found by search, or they may come or ask to come in.
    pub fn is_visible(&self) -> bool {
        self.kind == RoomKind::Group && (self.options.listed || self.join_rule != JoinRule::Invite)
    }

    /// What somebody hears who is not in it. A hidden room answers like none, so that its number cannot be found by trying.
    pub(crate) fn refusal(&self) -> Error {
        if self.is_visible() { Error::Refused(Reason::NotAMember) } else { Error::NotFound(Thing::Room) }
    }

    /// The other one of a private room, also while he has left it.
    pub fn peer_of(&self, account: AccountId) -> Option<AccountId> {
        self.pair.map(|(one, other)| if one == account { other } else { one })
    }
}

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

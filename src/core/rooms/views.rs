//! What is read of rooms: the shapes that operations answer with. A view is made from rows, never stored, and never goes back
//! into one; a dialect turns it into its own words.

use crate::clock::{Stamp, Until};
use crate::ids::{AccountId, FileId, InviteId, LinkId, Offset, RoleId, RoomId};
use crate::messages::MessageView;
use crate::roles::Permissions;
use crate::rooms::room::{
    CountRow, InviteRow, JoinRule, LinkRow, LogRow, Notify, RoomKind, RoomOptions, RoomRow, Whom,
};

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

/// How far somebody is in a room's log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Marks {
    /// Up to where he has read.
    pub read_offset: Offset,
    /// Up to where a client of his has received.
    pub delivered_offset: Offset,
}

impl Marks {
    /// The further of each mark.
    pub fn furthest(self, other: Marks) -> Marks {
        Marks {
            read_offset: self.read_offset.max(other.read_offset),
            delivered_offset: self.delivered_offset.max(other.delivered_offset),
        }
    }
}

/// One of the caller's rooms, with all that a list of rooms shows.
#[derive(Clone, PartialEq, Debug)]
pub struct MyRoom {
    /// The room.
    pub room: RoomView,
    /// The caller's place in it.
    pub me: Place,
    /// The furthest marks of the other members, so of the other one in a private room. None when there is nobody else, and in
    /// rooms of more than `READ_MARKS_ROOM_MEMBERS_MAX` members.
    pub others: Option<Marks>,
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

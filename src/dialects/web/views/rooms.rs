//! Rooms and everything that hangs on one, as our own API shows them.

use chatelaine_core::error::Result;
use chatelaine_core::{Core, caller::Caller, roles, rooms};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{self, JoinRule, Notify, RoomKind, RoomPermission};
use crate::views::Time;
use crate::views::messages::Message;
use crate::views::people::{Account, People};

/// A room.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Room {
    /// Number of the room.
    pub id: u64,
    /// `private` (two people) or `group`.
    pub kind: RoomKind,
    /// Title; empty in private rooms.
    pub title: String,
    /// What the room is for.
    pub description: String,
    /// File number of the picture.
    pub avatar: Option<u64>,
    /// `open`, `request` or `invite`.
    pub join_rule: JoinRule,
    /// Whether clients encrypt the texts themselves.
    pub encrypted: bool,
    /// What plain members may do.
    pub options: RoomOptions,
    /// How many members there are.
    pub members_count: u64,
    /// Offset of the newest message, 0 if there is none.
    pub last_offset: u64,
    /// When the room was opened.
    pub created_at: Time,
    /// When its settings last changed.
    pub updated_at: Time,
}

/// What plain members of a room may do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoomOptions {
    /// Write messages.
    pub members_may_send: bool,
    /// See who is in the room.
    pub members_may_list: bool,
    /// Invite others.
    pub members_may_invite: bool,
    /// Whether strangers find the room by search.
    pub listed: bool,
}

/// A room that was just opened.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OpenedRoom {
    /// The room and the caller's place in it.
    #[serde(flatten)]
    pub summary: RoomSummary,
    /// Accounts that could neither be added nor invited.
    pub failed: Vec<u64>,
}

/// A room in the caller's list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RoomSummary {
    /// The room.
    pub room: Room,
    /// The caller's place in it.
    pub me: MyPlace,
    /// How far the furthest of the others is: in a private room the other person, in a group the best of each mark. `null`
    /// when there is nobody else, and in rooms of more than 50 members.
    pub others: Option<Marks>,
    /// Messages after the read marker.
    pub unread: u64,
    /// Whether an unread message mentions the caller.
    pub mentioned: bool,
    /// The newest message.
    pub last_message: Option<Message>,
    /// The other person of a private room.
    pub peer: Option<Account>,
}

/// How far somebody is in a room.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct Marks {
    /// Everything up to here was read.
    pub read_offset: u64,
    /// Everything up to here has arrived.
    pub delivered_offset: u64,
}

/// The caller's place in a room.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MyPlace {
    /// Number of the role: 1 member, 2 admin, 3 owner, others are the room's own.
    pub role: u64,
    /// What the role allows, by name.
    pub permissions: Vec<RoomPermission>,
    /// Everything up to here was read.
    pub read_offset: u64,
    /// `all`, `mentions` or `none`.
    pub notify: Notify,
    /// Until when the caller may not write; `forever` is a time too.
    pub muted_until: Option<String>,
}

/// A member of a room.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// Who it is.
    pub account: Account,
    /// Number of the role.
    pub role: u64,
    /// Name of the role.
    pub role_name: String,
    /// Member since.
    pub joined_at: Time,
    /// Until when the member may not write: a time or `forever`.
    pub muted_until: Option<String>,
}

/// A role of a room.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Role {
    /// Number of the role.
    pub id: u64,
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it allows, by name.
    pub permissions: Vec<RoomPermission>,
    /// Whether every room has it and nobody can change it.
    pub built_in: bool,
}

/// A ban or a mute.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Restriction {
    /// Whom it holds; `null` for everyone.
    pub account: Option<Account>,
    /// Until when: a time or `forever`.
    pub until: String,
    /// Who set it; `null` for the server.
    pub by: Option<u64>,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Time,
}

/// An invitation to a person.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Invite {
    /// Number of the invitation.
    pub id: u64,
    /// The room.
    pub room: u64,
    /// Title of the room.
    pub room_title: String,
    /// Who invites.
    pub inviter: Account,
    /// Who is invited.
    pub invitee: u64,
    /// Words sent along.
    pub note: String,
    /// When it was sent.
    pub created_at: Time,
    /// When it lapses.
    pub expires_at: Time,
}

/// An invitation link.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// Number of the link.
    pub id: u64,
    /// The secret part of the address.
    pub token: String,
    /// The room that it leads to.
    pub room: u64,
    /// Who made it.
    pub by: u64,
    /// How often it may be used in all; `null` for any number.
    pub uses: Option<u32>,
    /// How often it was used.
    pub used: u32,
    /// When it ends.
    pub expires_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
}

/// What a link leads to, for somebody who is not in yet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LinkPreview {
    /// The room.
    pub room: u64,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// File number of its picture.
    pub avatar: Option<u64>,
    /// How many members it has.
    pub members_count: u64,
    /// Whether the caller is one of them.
    pub member: bool,
}

/// Somebody who asks to be let in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JoinRequest {
    /// Who asks.
    pub account: Account,
    /// Words sent along.
    pub note: String,
    /// When.
    pub created_at: Time,
}

/// How an attempt to join ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinState {
    /// The caller is in.
    Joined,
    /// A member has to decide.
    Asked,
    /// The caller declined.
    Declined,
}

/// How an attempt to join ended, and where.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct Joined {
    /// How it ended.
    pub state: JoinState,
    /// The room.
    pub room: u64,
}

impl From<rooms::RoomOptions> for RoomOptions {
    fn from(options: rooms::RoomOptions) -> Self {
        RoomOptions {
            members_may_send: options.members_may_send,
            members_may_list: options.members_may_list,
            members_may_invite: options.members_may_invite,
            listed: options.listed,
        }
    }
}

impl From<RoomOptions> for rooms::RoomOptions {
    fn from(options: RoomOptions) -> Self {
        rooms::RoomOptions {
            members_may_send: options.members_may_send,
            members_may_list: options.members_may_list,
            members_may_invite: options.members_may_invite,
            listed: options.listed,
        }
    }
}

impl From<rooms::RoomView> for Room {
    fn from(room: rooms::RoomView) -> Self {
        Room {
            id: room.id.get(),
            kind: room.kind.into(),
            title: room.title,
            description: room.description,
            avatar: room.avatar.map(|file| file.get()),
            join_rule: room.join_rule.into(),
            encrypted: room.encrypted,
            options: room.options.into(),
            members_count: u64::from(room.members_count),
            last_offset: room.last_offset.get(),
            created_at: room.created_at.into(),
            updated_at: room.updated_at.into(),
        }
    }
}

impl From<rooms::Place> for MyPlace {
    fn from(place: rooms::Place) -> Self {
        MyPlace {
            role: place.role.get(),
            permissions: place.permissions.iter().map(RoomPermission::from).collect(),
            read_offset: place.read_offset.get(),
            notify: place.notify.into(),
            muted_until: place.muted_until.map(ids::until),
        }
    }
}

impl From<rooms::Marks> for Marks {
    fn from(marks: rooms::Marks) -> Self {
        Marks { read_offset: marks.read_offset.get(), delivered_offset: marks.delivered_offset.get() }
    }
}

impl From<roles::RoleView> for Role {
    fn from(role: roles::RoleView) -> Self {
        Role {
            id: role.id.get(),
            name: role.name,
            description: role.description,
            permissions: role.permissions.iter().map(RoomPermission::from).collect(),
            built_in: role.room.is_none(),
        }
    }
}

impl From<rooms::LinkView> for Link {
    fn from(link: rooms::LinkView) -> Self {
        Link {
            id: link.id.get(),
            token: link.token,
            room: link.room.get(),
            by: link.by.get(),
            uses: link.uses,
            used: link.used,
            expires_at: link.expires_at.map(Time::from),
            created_at: link.at.into(),
        }
    }
}

/// Rooms of the caller's list, with the other person of private ones.
pub fn summaries(core: &Core, caller: &Caller, rooms: Vec<rooms::MyRoom>) -> Result<Vec<RoomSummary>> {
    let peers: Vec<_> = rooms.iter().filter_map(|room| room.peer).collect();
    let people = People::look_up(core, caller, &peers)?;
    let summary = |mine: rooms::MyRoom| RoomSummary {
        peer: mine.peer.and_then(|peer| people.find(peer)),
        room: mine.room.into(),
        me: mine.me.into(),
        others: mine.others.map(Marks::from),
        unread: mine.unread,
        mentioned: mine.mentioned,
        last_message: mine.last_message.map(Message::from),
    };
    Ok(rooms.into_iter().map(summary).collect())
}

/// One room of the caller's list.
pub fn summary(core: &Core, caller: &Caller, room: rooms::MyRoom) -> Result<RoomSummary> {
    let missing = || chatelaine_core::error::Error::NotFound(chatelaine_core::error::Thing::Room);
    summaries(core, caller, vec![room])?.pop().ok_or_else(missing)
}

/// Members with their accounts; whoever closed the account meanwhile is left out.
pub fn members(core: &Core, caller: &Caller, members: Vec<rooms::MemberView>) -> Result<Vec<Member>> {
    let ids: Vec<_> = members.iter().map(|member| member.account).collect();
    let people = People::look_up(core, caller, &ids)?;
    let view = |member: rooms::MemberView| {
        Some(Member {
            account: people.find(member.account)?,
            role: member.role.get(),
            role_name: member.role_name,
            joined_at: member.joined_at.into(),
            muted_until: member.muted_until.map(ids::until),
        })
    };
    Ok(members.into_iter().filter_map(view).collect())
}

/// Bans or mutes with the accounts that they hold.
pub fn restrictions(core: &Core, caller: &Caller, rows: Vec<rooms::Restriction>) -> Result<Vec<Restriction>> {
    let one = |whom: &rooms::Whom| match whom {
        rooms::Whom::One(account) => Some(*account),
        rooms::Whom::All => None,
    };
    let ids: Vec<_> = rows.iter().filter_map(|row| one(&row.whom)).collect();
    let people = People::look_up(core, caller, &ids)?;
    let view = |row: rooms::Restriction| {
        let account = match one(&row.whom) {
            // Without an account it would read like one of everybody, so that of somebody who is gone is left out.
            Some(account) => Some(people.find(account)?),
            None => None,
        };
        let by = row.by.map(|account| account.get());
        Some(Restriction { account, until: ids::until(row.until), by, reason: row.reason, at: row.at.into() })
    };
    Ok(rows.into_iter().filter_map(view).collect())
}

/// Invitations with who sent them.
pub fn invites(core: &Core, caller: &Caller, rows: Vec<rooms::InviteView>) -> Result<Vec<Invite>> {
    let ids: Vec<_> = rows.iter().map(|row| row.inviter).collect();
    let people = People::look_up(core, caller, &ids)?;
    let view = |row: rooms::InviteView| {
        Some(Invite {
            id: row.id.get(),
            room: row.room.get(),
            room_title: row.room_title,
            inviter: people.find(row.inviter)?,
            invitee: row.invitee.get(),
            note: row.note,
            created_at: row.at.into(),
            expires_at: row.expires_at.into(),
        })
    };
    Ok(rows.into_iter().filter_map(view).collect())
}

/// Requests to join with who asks.
pub fn join_requests(core: &Core, caller: &Caller, rows: Vec<rooms::RequestView>) -> Result<Vec<JoinRequest>> {
    let ids: Vec<_> = rows.iter().map(|row| row.account).collect();
    let people = People::look_up(core, caller, &ids)?;
    let view = |row: rooms::RequestView| {
        Some(JoinRequest { account: people.find(row.account)?, note: row.note, created_at: row.at.into() })
    };
    Ok(rows.into_iter().filter_map(view).collect())
}

/// What a link leads to.
pub fn preview(found: rooms::LinkPreview) -> LinkPreview {
    LinkPreview {
        room: found.room.id.get(),
        title: found.room.title,
        description: found.room.description,
        avatar: found.room.avatar.map(|file| file.get()),
        members_count: u64::from(found.room.members_count),
        member: found.member,
    }
}

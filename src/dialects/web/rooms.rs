//! Rooms: the caller's list, opening, looking, changing, deleting, finding.

use actix_web::HttpResponse;
use chatelaine_core::error::Thing;
use chatelaine_core::ids::{AccountId, FileId, RoomId};
use chatelaine_core::limits::INVITE_LIFE_S;
use chatelaine_core::{Ask, Done, rooms};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::Call;
use crate::ids::{self, JoinRule, RoomKind, named};
use crate::paging::{PageQuery, SearchQuery, limit};
use crate::views;
use crate::views::rooms::{OpenedRoom, Room, RoomOptions, RoomSummary};
use crate::wire::{self, Fault, Page, Reply, given};

/// A new room.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoom {
    /// `group`, or `private` with `account`.
    pub kind: RoomKind,
    /// The other person of a private room.
    pub account: Option<u64>,
    /// Title of a group.
    pub title: Option<String>,
    /// What the group is for.
    #[serde(default)]
    pub description: String,
    /// File number of the picture.
    pub avatar: Option<u64>,
    /// `invite` unless said otherwise.
    pub join_rule: Option<JoinRule>,
    /// What plain members may do.
    pub options: Option<RoomOptions>,
    /// Whether clients encrypt the texts themselves.
    #[serde(default)]
    pub encrypted: bool,
    /// Accounts to add; friends join at once, others are invited.
    #[serde(default)]
    pub members: Vec<u64>,
    /// Words for those who are invited.
    #[serde(default)]
    pub note: String,
}

/// A change to a room; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoomChange {
    /// Title.
    pub title: Option<String>,
    /// What the room is for.
    pub description: Option<String>,
    /// File number of the picture; `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u64>)]
    pub avatar: Option<Option<u64>>,
    /// How people get in.
    pub join_rule: Option<JoinRule>,
    /// What plain members may do.
    pub options: Option<RoomOptions>,
    /// Whether clients encrypt the texts themselves.
    pub encrypted: Option<bool>,
}

/// My rooms, newest activity first.
#[utoipa::path(get, path = "/rooms", tag = "rooms", params(PageQuery), responses((status = 200, body = Page<RoomSummary>)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: PageQuery = call.query()?;
    let after = ids::timed_after(query.after.as_deref())?;
    let after = after.map(|(active_at, room)| rooms::RoomCursor { active_at, room });
    let page = call.ask(move |core| {
        let page = rooms::list_mine(core, &caller, Ask { after, limit: limit(query.limit) })?;
        let next = page.next.map(|next| ids::timed_cursor(next.active_at, next.room.get()));
        Ok(Page { items: views::rooms::summaries(core, &caller, page.items)?, next })
    });
    wire::ok(&page.await?)
}

/// Opens a group, or the private room with somebody.
#[utoipa::path(post, path = "/rooms", tag = "rooms", request_body = NewRoom, responses(
    (status = 201, body = OpenedRoom), (status = 200, body = OpenedRoom, description = "The private room existed")))]
pub async fn open(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let new: NewRoom = call.json().await?;
    match new.kind {
        RoomKind::Group => open_group(call, caller, new).await,
        RoomKind::Private => open_private(call, caller, new).await,
    }
}

async fn open_group(call: Call, caller: chatelaine_core::caller::Caller, new: NewRoom) -> Reply {
    let group = rooms::NewGroup {
        title: new.title.ok_or_else(|| Fault::MissingField("title".to_owned()))?,
        description: new.description,
        avatar: new.avatar.map(|file| named::<FileId>("avatar", file)).transpose()?,
        picture: None,
        join_rule: new.join_rule.unwrap_or(JoinRule::Invite).into(),
        options: new.options.map_or_else(rooms::RoomOptions::default, rooms::RoomOptions::from),
        encrypted: new.encrypted,
        members: new.members.into_iter().map(|member| named("members", member)).collect::<Result<_, _>>()?,
        note: new.note,
        invites_for_s: INVITE_LIFE_S,
    };
    let opened = call.ask(move |core| {
        let opened = rooms::open_group(core, &caller, group)?;
        let failed = opened.failed.into_iter().map(|(account, _)| account.get()).collect();
        Ok(OpenedRoom { summary: views::rooms::summary(core, &caller, opened.room)?, failed })
    });
    wire::created(&opened.await?)
}

async fn open_private(call: Call, caller: chatelaine_core::caller::Caller, new: NewRoom) -> Reply {
    let with = new.account.ok_or_else(|| Fault::MissingField("account".to_owned()))?;
    let with: AccountId = named("account", with)?;
    let opened = call.ask(move |core| {
        let (room, done) = rooms::open_private(core, &caller, with)?;
        Ok((OpenedRoom { summary: views::rooms::summary(core, &caller, room)?, failed: Vec::new() }, done))
    });
    match opened.await? {
        (room, Done::Done) => wire::created(&room),
        (room, Done::AlreadySo) => wire::ok(&room),
    }
}

/// A room: mine, or one that strangers may see.
#[utoipa::path(get, path = "/rooms/{id}", tag = "rooms", responses((status = 200, body = Room)))]
pub async fn get(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let room = call.ask(move |core| rooms::get(core, &caller, room)).await?;
    wire::ok(&Room::from(room))
}

/// My place in a room, with its newest message.
#[utoipa::path(get, path = "/rooms/{id}/summary", tag = "rooms", responses((status = 200, body = RoomSummary)))]
pub async fn summary(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let summary = call.ask(move |core| {
        let mine = rooms::get_mine(core, &caller, room)?;
        views::rooms::summary(core, &caller, mine)
    });
    wire::ok(&summary.await?)
}

/// Changes a room.
#[utoipa::path(patch, path = "/rooms/{id}", tag = "rooms", request_body = RoomChange, responses((status = 200, body = Room)))]
pub async fn change(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let change: RoomChange = call.json().await?;
    let avatar = change.avatar.map(|file| file.map(|file| named("avatar", file)).transpose()).transpose()?;
    let change = rooms::RoomChange {
        title: change.title,
        description: change.description,
        avatar,
        picture: None,
        join_rule: change.join_rule.map(rooms::JoinRule::from),
        options: change.options.map(rooms::RoomOptions::from),
        encrypted: change.encrypted,
    };
    let room = call.ask(move |core| rooms::change(core, &caller, room, change)).await?;
    wire::ok(&Room::from(room))
}

/// Deletes a room with all that is in it.
#[utoipa::path(delete, path = "/rooms/{id}", tag = "rooms", responses((status = 204)))]
pub async fn delete(call: Call) -> Result<HttpResponse, Fault> {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    call.ask(move |core| rooms::delete(core, &caller, room)).await?;
    wire::done()
}

/// Groups that can be found by strangers.
#[utoipa::path(get, path = "/rooms/find", tag = "rooms", params(SearchQuery), responses((status = 200, body = Page<Room>)))]
pub async fn find(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: SearchQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| rooms::find(core, &caller, &query.search, ask)).await?;
    let next = page.next.map(|room: RoomId| ids::cursor(room.get()));
    wire::ok(&Page { items: page.items.into_iter().map(Room::from).collect(), next })
}

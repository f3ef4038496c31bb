//! Members of a room: the list, roles, putting out, leaving, and one's own noise.

use chatelaine_core::error::Thing;
use chatelaine_core::ids::{AccountId, RoleId, RoomId};
use chatelaine_core::{Ask, roles, rooms};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Call;
use crate::ids::named;
use crate::ids::{self, Notify};
use crate::paging::{PageQuery, limit};
use crate::views;
use crate::views::rooms::Member;
use crate::wire::{self, Page, Reply};

/// A change to a member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberChange {
    /// Number of the new role.
    pub role: u64,
}

/// A change to one's own place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceChange {
    /// Which messages make a noise.
    pub notify: Notify,
}

/// What leaving did.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct LeftRoom {
    /// Whether the room went with its last member.
    pub room_deleted: bool,
}

/// Who is in a room, longest first.
#[utoipa::path(get, path = "/rooms/{id}/members", tag = "members", params(PageQuery), responses((status = 200, body = Page<Member>)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let query: PageQuery = call.query()?;
    let after = ids::timed_after(query.after.as_deref())?;
    let after = after.map(|(joined_at, account)| rooms::MemberCursor { joined_at, account });
    let page = call.ask(move |core| {
        let page = rooms::list_members(core, &caller, room, Ask { after, limit: limit(query.limit) })?;
        let next = page.next.map(|next| ids::timed_cursor(next.joined_at, next.account.get()));
        Ok(Page { items: views::rooms::members(core, &caller, page.items)?, next })
    });
    wire::ok(&page.await?)
}

/// Gives a member another role.
#[utoipa::path(patch, path = "/rooms/{id}/members/{account}", tag = "members", request_body = MemberChange, responses((status = 204)))]
pub async fn change(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let account: AccountId = call.id("account", Thing::Member)?;
    let change: MemberChange = call.json().await?;
    let role: RoleId = named("role", change.role)?;
    call.ask(move |core| roles::set_member_role(core, &caller, (room, account), role, roles::Parting::KeepAnOwner))
        .await?;
    wire::done()
}

/// Puts a member out.
#[utoipa::path(delete, path = "/rooms/{id}/members/{account}", tag = "members", responses((status = 204)))]
pub async fn kick(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let account: AccountId = call.id("account", Thing::Member)?;
    call.ask(move |core| rooms::kick(core, &caller, room, account)).await?;
    wire::done()
}

/// Leaves a room; the last member's leaving deletes it.
#[utoipa::path(delete, path = "/rooms/{id}/members/me", tag = "members", responses((status = 200, body = LeftRoom)))]
pub async fn leave(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let left = call.ask(move |core| rooms::leave(core, &caller, room, roles::Parting::KeepAnOwner)).await?;
    let room_deleted = match left {
        rooms::Left::Left => false,
        rooms::Left::RoomDeleted => true,
    };
    wire::ok(&LeftRoom { room_deleted })
}

/// Chooses which messages of a room make a noise.
#[utoipa::path(patch, path = "/rooms/{id}/members/me", tag = "members", request_body = PlaceChange, responses((status = 204)))]
pub async fn change_mine(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let change: PlaceChange = call.json().await?;
    call.ask(move |core| rooms::set_notify(core, &caller, room, change.notify.into())).await?;
    wire::done()
}

//! Ways into a room: invitations to a person, links, and asking.

use actix_web::http::StatusCode;
use chatelaine_core::Ask;
use chatelaine_core::error::Thing;
use chatelaine_core::ids::{AccountId, InviteId, LinkId, RoomId};
use chatelaine_core::rooms::{self, Answer};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::Call;
use crate::ids;
use crate::ids::named;
use crate::paging::{PageQuery, limit};
use crate::views;
use crate::views::rooms::{Invite, JoinRequest, JoinState, Joined, Link, LinkPreview};
use crate::wire::{self, Page, Reply};

/// An invitation to somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvite {
    /// Whom.
    pub account: u64,
    /// Words sent along.
    #[serde(default)]
    pub note: String,
}

/// A new invitation link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// For how many seconds; without end unless said.
    pub expires_s: Option<u64>,
    /// For how many people; any number unless said.
    pub uses: Option<u32>,
}

/// Words for those who decide.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinNote {
    /// The words.
    #[serde(default)]
    pub note: String,
}

/// Invites somebody into a room.
#[utoipa::path(post, path = "/rooms/{id}/invites", tag = "invites", request_body = NewInvite, responses((status = 201, body = Invite)))]
pub async fn invite(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let new: NewInvite = call.json().await?;
    let account: AccountId = named("account", new.account)?;
    let invite = call.ask(move |core| {
        let invite = rooms::invite(core, &caller, room, account, new.note)?;
        views::rooms::invites(core, &caller, vec![invite])
    });
    wire::json(StatusCode::CREATED, &invite.await?.pop())
}

/// Invitations that wait for my answer.
#[utoipa::path(get, path = "/invites", tag = "invites", params(PageQuery), responses((status = 200, body = Page<Invite>)))]
pub async fn list(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| {
        let page = rooms::list_invites(core, &caller, ask)?;
        let next = page.next.map(|invite: InviteId| ids::cursor(invite.get()));
        Ok(Page { items: views::rooms::invites(core, &caller, page.items)?, next })
    });
    wire::ok(&page.await?)
}

/// Accepts an invitation.
#[utoipa::path(post, path = "/invites/{id}/accept", tag = "invites", responses((status = 200, body = Joined)))]
pub async fn accept(call: Call) -> Reply {
    answer(call, Answer::Accept, JoinState::Joined).await
}

/// Declines an invitation.
#[utoipa::path(post, path = "/invites/{id}/decline", tag = "invites", responses((status = 200, body = Joined)))]
pub async fn decline(call: Call) -> Reply {
    answer(call, Answer::Decline, JoinState::Declined).await
}

async fn answer(call: Call, answer: Answer, state: JoinState) -> Reply {
    let caller = call.signed_in().await?;
    let invite: InviteId = call.id("id", Thing::Invite)?;
    let room = call.ask(move |core| rooms::answer_invite(core, &caller, invite, answer)).await?;
    wire::ok(&Joined { state, room: room.get() })
}

/// Makes an invitation link.
#[utoipa::path(post, path = "/rooms/{id}/links", tag = "invites", request_body = NewLink, responses((status = 201, body = Link)))]
pub async fn make_link(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let new: NewLink = call.json().await?;
    let new = rooms::NewLink { expires_s: new.expires_s, uses: new.uses };
    let link = call.ask(move |core| rooms::make_link(core, &caller, room, new)).await?;
    wire::created(&Link::from(link))
}

/// The links of a room.
#[utoipa::path(get, path = "/rooms/{id}/links", tag = "invites", params(PageQuery), responses((status = 200, body = Page<Link>)))]
pub async fn list_links(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| rooms::list_links(core, &caller, room, ask)).await?;
    let next = page.next.map(|link: LinkId| ids::cursor(link.get()));
    wire::ok(&Page { items: page.items.into_iter().map(Link::from).collect(), next })
}

/// Ends a link.
#[utoipa::path(delete, path = "/rooms/{id}/links/{link}", tag = "invites", responses((status = 204)))]
pub async fn remove_link(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let link: LinkId = call.id("link", Thing::Link)?;
    call.ask(move |core| rooms::remove_link(core, &caller, room, link)).await?;
    wire::done()
}

/// Where a link leads.
#[utoipa::path(get, path = "/links/{token}", tag = "invites", responses((status = 200, body = LinkPreview)))]
pub async fn preview_link(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let token = call.text("token");
    let found = call.ask(move |core| rooms::preview_link(core, &caller, &token)).await?;
    wire::ok(&views::rooms::preview(found))
}

/// Joins by a link.
#[utoipa::path(post, path = "/links/{token}/join", tag = "invites", responses((status = 200, body = Joined)))]
pub async fn join_by_link(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let token = call.text("token");
    let (room, _) = call.ask(move |core| rooms::join_by_link(core, &caller, &token)).await?;
    wire::ok(&Joined { state: JoinState::Joined, room: room.get() })
}

/// Joins an open room, or asks to be let in.
#[utoipa::path(post, path = "/rooms/{id}/join", tag = "invites", request_body = JoinNote, responses(
    (status = 200, body = Joined), (status = 202, body = Joined, description = "Somebody has to decide")))]
pub async fn join(mut call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let note: JoinNote = call.json().await?;
    match call.ask(move |core| rooms::join(core, &caller, room, note.note)).await? {
        rooms::Joining::Joined => wire::ok(&Joined { state: JoinState::Joined, room: room.get() }),
        rooms::Joining::Asked => {
            wire::json(StatusCode::ACCEPTED, &Joined { state: JoinState::Asked, room: room.get() })
        }
    }
}

/// Who asks to be let in.
#[utoipa::path(get, path = "/rooms/{id}/requests", tag = "invites", params(PageQuery), responses((status = 200, body = Page<JoinRequest>)))]
pub async fn list_requests(call: Call) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let query: PageQuery = call.query()?;
    let ask = Ask { after: ids::after(query.after.as_deref())?, limit: limit(query.limit) };
    let page = call.ask(move |core| {
        let page = rooms::list_requests(core, &caller, room, ask)?;
        let next = page.next.map(|account: AccountId| ids::cursor(account.get()));
        Ok(Page { items: views::rooms::join_requests(core, &caller, page.items)?, next })
    });
    wire::ok(&page.await?)
}

/// Lets somebody in who asked.
#[utoipa::path(post, path = "/rooms/{id}/requests/{account}/accept", tag = "invites", responses((status = 204)))]
pub async fn accept_request(call: Call) -> Reply {
    answer_request(call, Answer::Accept).await
}

/// Declines somebody who asked.
#[utoipa::path(post, path = "/rooms/{id}/requests/{account}/decline", tag = "invites", responses((status = 204)))]
pub async fn decline_request(call: Call) -> Reply {
    answer_request(call, Answer::Decline).await
}

async fn answer_request(call: Call, answer: Answer) -> Reply {
    let caller = call.signed_in().await?;
    let room: RoomId = call.id("id", Thing::Room)?;
    let account: AccountId = call.id("account", Thing::JoinRequest)?;
    call.ask(move |core| rooms::answer_request(core, &caller, room, account, answer)).await?;
    wire::done()
}
